#include "store/credentials.h"

#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace store {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{256} << 10;
constexpr std::string_view kBlanks = " \t\r";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Trimmed(const std::string& text) {
  const size_t start = text.find_first_not_of(kBlanks);
  return start == std::string::npos
             ? ""
             : text.substr(start, text.find_last_not_of(kBlanks) + 1 - start);
}

// systemd gives a service's user its credentials through an ACL, whose mask looks like the group.
bool IsOfSystemd(const std::string& path) {
  const std::string folder = Variable("CREDENTIALS_DIRECTORY");
  return !folder.empty() && path.starts_with(folder + "/");
}

void CheckMode(const base::UniqueFd& fd, const std::string& path) {
  const mode_t mode = base::Fstat(fd.get(), path).st_mode;
  const mode_t others = IsOfSystemd(path) ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((mode & others) != 0) {
    base::Fail(base::ExitCode::kUsage, "others can read or write {}: chmod 600 {}", path, path);
  }
}

std::map<std::string, std::string> FieldsOf(const std::string& text, const std::string& profile) {
  std::map<std::string, std::string> out;
  std::string section = "default";
  for (const std::string& raw : base::LinesOf(text)) {
    const std::string line = Trimmed(raw);
    if (line.starts_with('[') && line.ends_with(']')) {
      section = Trimmed(line.substr(1, line.size() - 2));
      continue;
    }
    const size_t at = line.find('=');
    if (section == profile && at != std::string::npos && !line.starts_with('#')) {
      out[Trimmed(line.substr(0, at))] = Trimmed(line.substr(at + 1));
    }
  }
  return out;
}

// They become parts of headers.
bool IsPlain(const std::string& text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~') {
      return false;
    }
  }
  return true;
}

Credentials Checked(Credentials credentials, const std::string& where) {
  if (credentials.key_id.empty() || credentials.secret.empty()) {
    base::Fail(base::ExitCode::kUsage, "{} has no {}: both parts of a key are needed", where,
               credentials.key_id.empty() ? "aws_access_key_id" : "aws_secret_access_key");
  }
  if (!IsPlain(credentials.key_id) || !IsPlain(credentials.secret) || !IsPlain(credentials.token) ||
      credentials.key_id.find_first_of(":/") != std::string::npos) {
    base::Fail(base::ExitCode::kUsage, "{} has characters that no key has", where);
  }
  return credentials;
}

}  // namespace

Credentials ReadCredentials(const std::string& path, const std::string& profile) {
  const base::UniqueFd fd = base::OpenForReading(path);
  CheckMode(fd, path);
  const std::vector<uint8_t> content = base::PRead(fd.get(), 0, kMaxFileBytes, path);
  const std::string section = profile.empty() ? "default" : profile;
  std::map<std::string, std::string> fields = FieldsOf(std::string(base::AsText(content)), section);
  return Checked(
      {fields["aws_access_key_id"], fields["aws_secret_access_key"], fields["aws_session_token"]},
      fmt::format("profile {} of {}", base::Printable(section, 80), path));
}

std::optional<Credentials> CredentialsOfEnvironment() {
  const Credentials given = {Variable("AWS_ACCESS_KEY_ID"), Variable("AWS_SECRET_ACCESS_KEY"),
                             Variable("AWS_SESSION_TOKEN")};
  if (!given.key_id.empty() || !given.secret.empty()) {
    return Checked(given, "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
  }
  const std::string file = Variable("AWS_SHARED_CREDENTIALS_FILE");
  const std::string home = Variable("HOME");
  const std::string profile = Variable("AWS_PROFILE");
  if (!file.empty()) {
    return ReadCredentials(file, profile);
  }
  if (!home.empty() && base::Exists(home + "/.aws/credentials")) {
    return ReadCredentials(home + "/.aws/credentials", profile);
  }
  return std::nullopt;
}

}  // namespace store
