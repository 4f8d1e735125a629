// `imgpush channel enroll` and `poke`: several hosts at once, as a push works on them.
#ifndef SLIPWAY_PUSHER_ENROLL_ENROLL_VERBS_H_
#define SLIPWAY_PUSHER_ENROLL_ENROLL_VERBS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hosts/progress_display.h"
#include "pusher/arguments.h"
#include "pusher/enroll/enroll_json.h"
#include "pusher/publish/host_verbs.h"
#include "pusher/ssh/remote.h"

namespace pusher {

class EnrollVerbs : public HostVerbs {
 public:
  void Describe(CLI::App& app) override;
  bool removes() const override { return removes_; }
  int Enroll(const Subscription& subscription, const std::vector<std::string>& hosts, bool json,
             const base::Io& io) override;
  int Remove(const std::vector<std::string>& hosts, bool json, const base::Io& io) override;
  int Poke(const std::vector<std::string>& hosts, bool json, const base::Io& io) override;

 private:
  // What is done with one host, over connections of its own.
  using Work = std::function<void(HostResult& host, const RemoteOptions& options)>;

  std::vector<HostResult> Choose(const std::vector<std::string>& hosts);
  // Of all hosts that have not failed already.
  int ForEach(std::vector<HostResult> hosts, const std::string& doing, const Work& work,
              const std::string& done, hosts::ProgressDisplay& board, const base::Io& io);
  void SetTrust(std::vector<HostResult>& hosts, const std::string& trust,
                hosts::ProgressDisplay& board, const base::Io& io);

  Arguments arguments_;
  std::string every_ = "*:0/5";
  std::optional<uint64_t> random_delay_seconds_;
  bool removes_ = false;
  bool polls_ = true;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_ENROLL_ENROLL_VERBS_H_
