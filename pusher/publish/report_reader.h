// Reads what hosts report. What was read before, and has not changed since, is taken from a file of
// this user: a fleet's reports are many, and most are the same for hours.
#ifndef SLIPWAY_PUSHER_PUBLISH_REPORT_READER_H_
#define SLIPWAY_PUSHER_PUBLISH_REPORT_READER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pusher/publish/channel_report.h"
#include "store/store.h"

namespace pusher {

// Of the reports of the store at `location`: below $XDG_CACHE_HOME or ~/.cache; empty: neither is
// known.
std::string ReportCachePath(const std::string& location);

class ReportReader {
 public:
  // `cache`: a file, which need not be there; empty: none. `store` must outlive the object.
  ReportReader(store::Store& store, std::string cache);

  // All hosts that report, sorted by name. A cache that is damaged, of another store or cannot be
  // written costs requests, nothing else.
  std::vector<HostState> Read();

 private:
  struct Known {
    std::string version;
    std::string text;
    bool operator==(const Known&) const = default;
  };
  void LoadCache();
  void SaveCache() const;
  // nullopt: it is gone since it was listed.
  std::optional<HostState> ReadOne(const store::Listed& listed, const std::string& host);

  store::Store& store_;
  const std::string cache_;
  std::map<std::string, Known> before_;  // by key
  std::map<std::string, Known> now_;     // those that are not damaged
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_REPORT_READER_H_
