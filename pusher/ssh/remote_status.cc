#include "pusher/ssh/remote_status.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "base/process.h"
#include "pusher/protocol/gate_words.h"
#include "pusher/ssh/bootstrap.h"
#include "pusher/ssh/host_checks.h"

namespace pusher {
namespace {

// Checks may take long, so it has a pulse.
constexpr std::string_view kStatus = R"sh(
say STARTED
report=$("$3" status --check --json --root "$2" </dev/null)
code=$?
end_pulse
say "STATUS $code"
printf "%s\n" "$report"
say END
)sh";

constexpr std::string_view kStatusWord = "STATUS ";
constexpr std::string_view kEnd = "SLIPWAY1 END";
constexpr size_t kMaxStatusBytes = 64 << 10;
constexpr size_t kMaxReportBytes = 4 << 20;

struct Answer {
  std::string code;    // as `status` exited
  std::string report;  // its JSON, without newlines
};

enum class ReportEnd { kWord, kStream };

std::string ReadReport(Stream& stream, ReportEnd end) {
  std::string out;
  for (size_t bytes = 0; bytes < kMaxReportBytes;) {
    const std::optional<std::string> line = stream.ReadLine(kMaxStatusBytes);
    if (!line && end == ReportEnd::kWord) {
      FailAs(stream, "");
    }
    if (!line || (end == ReportEnd::kWord && *line == kEnd)) {
      return out;
    }
    out += *line;
    bytes += line->size() + 1;
  }
  base::Fail(base::ExitCode::kFailed, "{}: its `activate status` prints endlessly", stream.peer());
}

Answer Ask(Connection& connection) {
  Stream& stream = connection.stream();
  std::string word = NextWord(stream, connection.login());
  if (word != "STARTED") {
    FailAs(stream, word);
  }
  connection.Answered();
  word = NextWord(stream, connection.login());
  if (!word.starts_with(kStatusWord)) {
    FailAs(stream, word);
  }
  Answer out{word.substr(kStatusWord.size()), ReadReport(stream, ReportEnd::kWord)};
  connection.Close();
  return out;
}

// A gate is done with the checks before it says so, and gives its report as it is.
Answer AskGate(Connection& connection) {
  Stream& stream = connection.stream();
  Answer out;
  std::string word = NextWord(stream, connection.login());
  if (!word.starts_with(kStatusWord)) {
    FailAs(stream, word, base::ExitCode::kVerification);
  }
  out.code = word.substr(kStatusWord.size());
  word = NextWord(stream, connection.login());
  if (word != "STARTED") {
    FailAs(stream, word);
  }
  connection.Answered();
  out.report = ReadReport(stream, ReportEnd::kStream);
  connection.Close();
  return out;
}

std::string StatusCommand(const Destination& target, const AgentOptions& host,
                          const AgentBinary& agent) {
  return target.gate
             ? GateCommandLine(fmt::format("{} [\"status\",\"--check\",\"--json\"]", kGateReport))
             : CommandAsRoot(std::string(kHostTalk).append(kStatus),
                             {host.root, AgentPath(agent, host)}, host);
}

base::Error Unhealthy(const std::string& why, const std::vector<std::string>& detail) {
  return {base::ExitCode::kNeedsAttention, why, detail};
}

HostHealth Judge(const std::string& report, bool is_busy, uint64_t generation) {
  const std::string name = "what `activate status` says there";
  const base::Json object = base::ParseJson(report, name, base::ExitCode::kFailed);
  base::JsonFields fields(object, name, base::ExitCode::kFailed);
  std::vector<std::string> wrong = fields.Strings("down");
  for (const char* field : {"failing", "unhealthy"}) {
    for (const std::string& problem : fields.Strings(field)) {
      wrong.push_back(problem);
    }
  }
  HostHealth out;
  out.running = fields.IsNumber("active") ? fields.Number("active", 0, base::kAnyNumber) : 0;
  if (is_busy) {
    out.error = base::Error(base::ExitCode::kBusy,
                            "another switch is in progress there: `activate status` "
                            "says whose");
  } else if (out.running != generation) {
    out.error = Unhealthy(
        fmt::format("{} runs there now, and not generation {}, which was activated: `activate "
                    "history` says why",
                    out.running == 0 ? "nothing" : fmt::format("generation {}", out.running),
                    generation),
        wrong);
  } else if (!wrong.empty()) {
    out.error = Unhealthy(
        fmt::format("generation {} was activated and is not healthy any more", generation), wrong);
  } else if (fields.Has("switch") && !object.at("switch").is_null()) {
    out.error = Unhealthy("its last switch was cut off: `activate status` says what follows", {});
  }
  return out;
}

}  // namespace

HostHealth AskHealth(const Destination& target, const RemoteOptions& options,
                     const AgentBinary& agent, uint64_t generation) {
  if (!FolderOf(target.destination).empty()) {
    return {generation, std::nullopt};
  }
  Connection connection(target, options, StatusCommand(target, options.host, agent), {});
  Answer answer;
  try {
    answer = target.gate ? AskGate(connection) : Ask(connection);
  } catch (const base::Error& error) {
    connection.Fail(error);
  }
  const bool is_busy = answer.code == "5";
  if (!is_busy && answer.code != "0" && answer.code != "4") {
    std::vector<std::string> said;
    if (const std::string last = base::LastLines(connection.stream().Diagnostics(), 1);
        !last.empty()) {
      said.push_back(last);
    }
    return {generation, Unhealthy(fmt::format("whether it is still healthy is not known: "
                                              "`activate status --check` ended with {} there",
                                              answer.code),
                                  said)};
  }
  return Judge(answer.report, is_busy, generation);
}

}  // namespace pusher
