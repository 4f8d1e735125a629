#include "pusher/protocol/trust_files.h"

#include "base/json_fields.h"
#include "base/printable.h"
#include "pusher/protocol/protocol.h"

namespace pusher {

void SendTrust(Wire& wire, const TrustFiles& files) {
  base::Json lengths = base::Json::object();
  for (const char* file : images::kTrustFiles) {
    lengths[file] = files.texts.Of(file).size();
  }
  SendText(
      wire, MessageType::kTrust,
      base::DumpJson({{"is_on", files.is_on}, {"problem", files.problem}, {"bytes", lengths}}));
  for (const char* file : images::kTrustFiles) {
    SendBlob(wire, files.texts.Of(file));
  }
  wire.Flush();
}

TrustFiles ReceiveTrust(Wire& wire) {
  const Message message = Expect(wire, MessageType::kTrust);
  const std::string path = "the trust of " + wire.peer();
  const base::Json json = base::ParseJson(message.text(), path, base::ExitCode::kFailed);
  base::JsonFields fields(json, path, base::ExitCode::kFailed);
  TrustFiles out;
  out.is_on = fields.Bool("is_on", false);
  out.problem = base::Printable(fields.String("problem"));
  base::JsonFields lengths = fields.Nested("bytes");
  for (const char* file : images::kTrustFiles) {
    out.texts.Of(file) = ReceiveBlob(wire, lengths.Number(file, 0, images::kMaxTrustBytes));
  }
  lengths.Done();
  fields.Done();
  return out;
}

}  // namespace pusher
