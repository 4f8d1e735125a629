#include "pusher/ssh/remote_status.h"

#include <string>
#include <string_view>

#include "base/error.h"
#include "pusher/ssh/bootstrap.h"

namespace pusher {
namespace {

constexpr std::string_view kStatus = R"sh(
"$3" status --root "$2" </dev/null >/dev/null
code=$?
echo
echo "SLIPWAY1 STATUS $code"
)sh";

}  // namespace

void RequireServicesUp(const Destination& target, const RemoteOptions& options,
                       const AgentBinary& agent) {
  if (!FolderOf(target.destination).empty()) {
    return;
  }
  Connection connection(
      target, options,
      CommandAsRoot(kStatus, {options.host.root, AgentPath(agent, options.host)}, options.host),
      {});
  std::string word;
  try {
    do {
      word = NextWord(connection.stream(), connection.login());
    } while (word.starts_with("BY "));
    if (!word.starts_with("STATUS ")) {
      FailAs(connection.stream(), word);
    }
    connection.Close();
  } catch (const base::Error& error) {
    connection.Fail(error);
  }
  if (word == "STATUS 4") {
    base::Fail(base::ExitCode::kNeedsAttention,
               "after the pause, a service there is down: `activate status` says which");
  }
  if (word != "STATUS 0") {
    base::Fail(base::ExitCode::kNeedsAttention,
               "after the pause, `activate status` there ended "
               "with {}",
               word.substr(word.find(' ') + 1));
  }
}

}  // namespace pusher
