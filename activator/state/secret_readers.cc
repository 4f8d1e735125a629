#include "activator/state/secret_readers.h"

#include "base/error.h"
#include "images/version/image_directory.h"

namespace activator {

std::vector<SecretReader> SecretReadersIn(const images::HostLayout& layout, const std::string& name,
                                          const base::Sha256& digest) {
  std::vector<SecretReader> out;
  const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
  for (const auto& [service, its] : version.manifest().services) {
    for (const std::string& key : its.secrets) {
      out.push_back({name, key, service + ".service"});
    }
  }
  return out;
}

std::vector<SecretReader> SecretReadersOf(const images::HostLayout& layout, const Apps& apps) {
  std::vector<SecretReader> out;
  for (const auto& [name, digest] : apps) {
    try {
      const std::vector<SecretReader> readers = SecretReadersIn(layout, name, digest);
      out.insert(out.end(), readers.begin(), readers.end());
    } catch (const base::Error&) {  // what else there is can be said without it
    }
  }
  return out;
}

}  // namespace activator
