#include "activator/report/secret_listing.h"

#include <fmt/ranges.h>

#include <chrono>
#include <map>
#include <tuple>
#include <utility>

#include "activator/state/generations.h"
#include "activator/state/secret_readers.h"
#include "activator/state/secrets.h"
#include "base/clock.h"

namespace activator {

SecretListing ListSecrets(const images::HostLayout& layout, const std::string& name) {
  std::map<std::pair<std::string, std::string>, ListedSecret> found;
  for (const StoredSecret& secret : StoredSecrets(layout)) {
    const auto set = std::chrono::system_clock::from_time_t(secret.file.st_mtim.tv_sec);
    found[{secret.name, secret.key}].set_at = base::ToIso8601(set);
  }
  const std::optional<Generation> active = FindGeneration(layout, ActiveGeneration(layout));
  for (const SecretReader& reader : SecretReadersOf(layout, active ? active->apps : Apps{})) {
    ListedSecret& secret = found[{reader.name, reader.key}];
    secret.read_by.push_back(reader.unit);
    secret.problem = SecretProblem(layout, reader.name, reader.key);
  }
  SecretListing out;
  out.encrypted = KeptSecretForm(layout) != images::SecretForm::kPlain;
  for (auto& [place, secret] : found) {
    std::tie(secret.name, secret.key) = place;
    if (name.empty() || secret.name == name) {
      out.secrets.push_back(std::move(secret));
    }
  }
  return out;
}

std::string SecretsText(const SecretListing& listing) {
  std::string out;
  for (const ListedSecret& secret : listing.secrets) {
    out += fmt::format(
        "{:<20} {:<24} {}, read by {}\n", secret.name, secret.key,
        secret.set_at.empty()
            ? "MISSING"
            : fmt::format("set {}, {}", secret.set_at, listing.encrypted ? "encrypted" : "plain"),
        secret.read_by.empty() ? "no service" : fmt::format("{}", fmt::join(secret.read_by, ", ")));
    if (!secret.problem.empty()) {
      out += fmt::format("  {} {}\n", secret.name, secret.problem);
    }
  }
  return out;
}

}  // namespace activator
