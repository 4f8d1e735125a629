#include "pusher/protocol/failure_line.h"

#include "base/json_fields.h"

namespace pusher {

using base::Json;

std::string FailureLine(const base::Error& error) {
  const Json json = {{"summary", error.what()}, {"detail", error.detail()}};
  return std::string(kFailureWord) + base::DumpJson(json) + "\n";
}

base::Error ParseFailure(std::string_view json, base::ExitCode code) {
  const std::string name = "what activate says";
  const Json object = base::ParseJson(json, name, base::ExitCode::kFailed);
  base::JsonFields fields(object, name, base::ExitCode::kFailed);
  const std::string summary = fields.String("summary");
  base::Error out(code, summary, fields.Strings("detail"));
  fields.Done();
  return out;
}

}  // namespace pusher
