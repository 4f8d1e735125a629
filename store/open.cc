#include "store/open.h"

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "store/ca_bundle.h"
#include "store/credentials.h"
#include "store/folder_store.h"
#include "store/location.h"
#include "store/s3_store.h"
#include "store/web_store.h"

namespace store {
namespace {

std::string FirstOf(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) {
      return text;
    }
  }
  return "";
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string RegionOf(const Location& location, const Options& options) {
  const std::string region =
      FirstOf({location.region, options.region, FromEnvironment("AWS_REGION"),
               FromEnvironment("AWS_DEFAULT_REGION"), "us-east-1"});
  if (region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    base::Fail(base::ExitCode::kUsage, "the configured region is no name like us-east-1");
  }
  return region;
}

// Path style everywhere: what every store understands, and what certificates are made for.
std::string ServerOf(const Location& location, const Options& options, const std::string& region) {
  if (!location.server.empty()) {
    return location.server;
  }
  const std::string endpoint = FirstOf({options.endpoint, FromEnvironment("AWS_ENDPOINT_URL_S3"),
                                        FromEnvironment("AWS_ENDPOINT_URL")});
  return endpoint.empty() ? "https://s3." + region + ".amazonaws.com"
                          : ParseServer(endpoint, "the configured endpoint (AWS_ENDPOINT_URL)");
}

}  // namespace

std::unique_ptr<Store> Open(const std::string& text, const Options& options) {
  const Location location = ParseLocation(text);
  if (location.kind == Kind::kFolder) {
    if (options.must_exist && !base::Exists(location.folder)) {
      base::Fail(base::ExitCode::kUnreachable, "{} is not there: mount it, or correct its path",
                 location.folder);
    }
    return std::make_unique<FolderStore>(location.folder);
  }
  ClientSettings settings;
  settings.limits = options.limits;
  std::string url = location.server;
  if (location.kind == Kind::kS3) {
    settings.region = RegionOf(location, options);
    url = ServerOf(location, options, settings.region) + "/" + location.bucket;
    if (!options.credentials_file.empty()) {
      settings.credentials = ReadCredentials(options.credentials_file);
    } else if (!options.anonymous) {
      settings.credentials = CredentialsOfEnvironment();
    }
  }
  if (url.starts_with("https:")) {
    settings.ca_file = CaBundle(options.ca_file);
  }
  if (location.kind == Kind::kS3) {
    return std::make_unique<S3Store>(url, location.path, settings, options.retries);
  }
  return std::make_unique<WebStore>(url, location.path, settings, options.retries);
}

}  // namespace store
