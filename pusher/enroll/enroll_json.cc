#include "pusher/enroll/enroll_json.h"

#include "base/json_fields.h"

namespace pusher {
namespace {

constexpr uint64_t kEnrollFormat = 1;

// As the AWS tools have it, of the one key alone.
std::string CredentialsText(const store::Credentials& credentials) {
  return fmt::format(
      "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n{}", credentials.key_id,
      credentials.secret,
      credentials.token.empty() ? "" : fmt::format("aws_session_token = {}\n", credentials.token));
}

}  // namespace

std::string EnrollDocument(const Subscription& subscription, const Schedule& schedule,
                           const std::string& host, const std::vector<std::string>& groups,
                           const base::Sha256& fetch) {
  base::Json out = {{"format", kEnrollFormat},
                    {"store", subscription.store},
                    {"endpoint", subscription.endpoint},
                    {"region", subscription.region},
                    {"ca_file", subscription.ca_file},
                    {"host", host},
                    {"groups", groups},
                    {"channels", subscription.channels},
                    {"every", schedule.every},
                    {"random_delay_seconds", schedule.random_delay_seconds},
                    {"fetch_sha256", fetch.ToHex()}};
  if (subscription.credentials) {
    out["credentials"] = CredentialsText(*subscription.credentials);
  }
  return base::DumpJson(out);
}

std::string ResultsJson(const std::vector<HostResult>& hosts) {
  base::Json out = base::Json::array();
  for (const HostResult& host : hosts) {
    base::Json one = {{"name", host.target.name}, {"exit_code", host.exit_code()}};
    one["error"] = host.error ? base::Json(host.error->what()) : base::Json(nullptr);
    if (host.poll) {
      one["poll"] = {{"exit_code", host.poll->exit_code}, {"said", host.poll->said}};
    }
    out.push_back(std::move(one));
  }
  return base::DumpJson(out, 2) + "\n";
}

}  // namespace pusher
