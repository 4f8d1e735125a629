#include "pusher/trust_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/confirm.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/json_fields.h"
#include "base/printable.h"
#include "hosts/progress_display.h"
#include "hosts/sudo_password.h"
#include "hosts/worst_code.h"
#include "images/release/base64.h"
#include "images/release/release.h"
#include "images/release/signature_verifier.h"
#include "images/release/trust.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/trust_files.h"
#include "pusher/reach.h"
#include "pusher/report.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/remote.h"
#include "pusher/targets.h"

namespace pusher {
namespace {

// A point of an elliptic curve may lie beside it, which ssh-keygen alone sees.
void CheckSignerKeys(const images::Trust& trust, const std::string& directory,
                     const std::string& folder) {
  const std::string path = folder + "/key";
  for (const images::Signer& signer : trust.signers) {
    images::WriteForSshKeygen(path, images::TypeOfKey(signer.key).value_or("") + " " +
                                        images::ToBase64(signer.key) + "\n");
    if (!images::RunSshKeygen({"-l", "-f", path}).ok()) {
      base::Fail(images::kUntrusted, "{}/{} line {} is no key: ssh-keygen would skip it", directory,
                 images::kSignersFile, signer.line);
    }
  }
}

std::string MustRunSshKeygen(const std::vector<std::string>& arguments, const std::string& input) {
  const base::ProcessResult result = images::RunSshKeygen(arguments, input);
  if (!result.ok()) {
    base::Fail(base::ExitCode::kFailed, "ssh-keygen cannot make a signature to try: {}",
               base::Printable(base::LastLines(result.err, 1)));
  }
  return result.out;
}

// With a key that nobody has revoked: to ssh-keygen, a list that it cannot read revokes all keys.
void CheckRevokedList(const std::string& revoked, const std::string& directory,
                      const std::string& folder) {
  const std::string key = folder + "/trial";
  const std::string line = "trial\n";
  MustRunSshKeygen({"-q", "-t", "ecdsa", "-N", "", "-C", "", "-f", key}, "");
  const images::SshSignature signature = images::SshSignature::Parse(
      MustRunSshKeygen({"-q", "-Y", "sign", "-n", images::kReleaseNamespace, "-f", key}, line),
      images::kReleaseNamespace, "a signature to try");
  images::SshKeygenVerifier verifier({"trial " + base::ReadFile(key + ".pub"), revoked, ""});
  const auto counts = [&](images::Revocation revocation) {
    return verifier.Verify(signature, line, "trial", base::SystemClock().Now(), revocation);
  };
  if (!counts(images::Revocation::kIgnored)) {
    base::Fail(base::ExitCode::kFailed, "ssh-keygen does not verify what it signed");
  }
  if (!counts(images::Revocation::kChecked)) {
    base::Fail(images::kUntrusted,
               "{}/{} is not what ssh-keygen can read: every key would count as revoked", directory,
               images::kRevokedFile);
  }
}

std::string Difference(const std::string& from, const std::string& to) {
  std::string out;
  const std::vector<std::string> before = base::LinesOf(from);
  const std::vector<std::string> after = base::LinesOf(to);
  const auto add = [&](char sign, const std::vector<std::string>& lines,
                       const std::vector<std::string>& others) {
    for (const std::string& line : lines) {
      if (std::ranges::find(others, line) == others.end()) {
        out += fmt::format("  {} {}\n", sign, base::Printable(line, 200));
      }
    }
  };
  add('-', before, after);
  add('+', after, before);
  return out.empty() ? "  the same lines in another order\n" : out;
}

void Tell(ToldTrust& host, const images::TrustTexts& wanted, const Arguments& arguments,
          const Agents& agents, hosts::ProgressDisplay& board, const base::Io& io) {
  std::unique_ptr<Remote> remote;
  Reach(host.target, arguments, board, io, [&](const RemoteOptions& options) {
    remote = std::make_unique<Remote>(host.target, options, agents);
  });
  try {
    const TrustFiles now = ReceiveTrust(remote->wire());
    const std::string difference = TrustDifference(now.texts, wanted);
    if (!now.problem.empty()) {
      board.WriteErr(fmt::format("{}: {}\n", host.target.name, now.problem));
    }
    if (now.is_on && now.problem.empty() && difference.empty()) {
      remote->Close();
      return;
    }
    board.WriteErr(fmt::format("{}:{}\n{}", host.target.name,
                               now.is_on ? "" : " from now on it takes signed images alone",
                               difference));
    KeepAlive waiting(remote->wire(), std::chrono::seconds(5), kPatience);
    if (!arguments.yes &&
        !base::Confirm(io, fmt::format("Change whose images {} takes?", host.target.name))) {
      base::Fail(base::ExitCode::kFailed, "the answer was no: nothing was changed");
    }
    SendEmpty(remote->wire(), MessageType::kCommit);
    SendTrust(remote->wire(), {true, "", wanted});
    const TrustFiles after = ReceiveTrust(remote->wire());
    if (!after.is_on || !after.problem.empty() || after.texts != wanted) {
      base::Fail(base::ExitCode::kVerification, "what it trusts is not what was sent: {}",
                 after.problem.empty() ? "somebody else changed it just now" : after.problem);
    }
    host.changed = true;
    remote->Close();
  } catch (const base::Error& error) {
    throw base::Error(remote->Explain(error));
  }
}

std::string ToJson(const std::vector<ToldTrust>& hosts) {
  base::Json out = base::Json::array();
  for (const ToldTrust& host : hosts) {
    base::Json one = {{"name", host.target.name}, {"changed", host.changed}};
    one["error"] = host.error ? base::Json(host.error->what()) : base::Json(nullptr);
    out.push_back(std::move(one));
  }
  return base::DumpJson(out, 2) + "\n";
}

}  // namespace

void CheckAsSshKeygen(const images::Trust& trust, const std::string& directory) {
  const base::TemporaryDirectory folder(base::TemporaryFolder(), "slipway-trust-");
  CheckSignerKeys(trust, directory, folder.path());
  CheckRevokedList(trust.texts.revoked, directory, folder.path());
}

std::string TrustDifference(const images::TrustTexts& from, const images::TrustTexts& to) {
  std::string out;
  for (const char* file : images::kTrustFiles) {
    if (from.Of(file) != to.Of(file)) {
      out += fmt::format("  {}:\n", file) + Difference(from.Of(file), to.Of(file));
    }
  }
  return out;
}

images::TrustTexts CheckedTrust(const std::string& directory) {
  const images::Trust trust = images::Trust::Parse(images::ReadTrustTexts(directory), directory);
  CheckAsSshKeygen(trust, directory);
  return trust.texts;
}

ToldTrust TellTrust(const Destination& target, const images::TrustTexts& texts,
                    const Arguments& arguments, const Agents& agents, hosts::ProgressDisplay& board,
                    const base::Io& io) {
  ToldTrust host{target};
  try {
    Tell(host, texts, arguments, agents, board, io);
    if (!arguments.json) {
      board.WriteOut(fmt::format("{}: {}\n", target.name,
                                 host.changed ? "takes images by these signers alone from now on"
                                              : "takes images by these signers alone already"));
    }
  } catch (const base::Error& error) {
    host.error = error;
    board.WriteErr(ErrorLineOf(target.name, error));
  }
  return host;
}

int RunTrust(Arguments arguments, const base::Io& io) {
  const images::TrustTexts texts = CheckedTrust(arguments.trust);
  if (arguments.ask_sudo_password) {
    arguments.sudo_password = hosts::AskSudoPassword(io);
  }
  const Agents agents = FindAgents();
  hosts::ProgressDisplay board(io);
  std::vector<ToldTrust> hosts;
  int exit_code = 0;
  for (const Destination& target : ChooseHosts(arguments)) {
    hosts.push_back(TellTrust(target, texts, arguments, agents, board, io));
    if (const std::optional<base::Error>& error = hosts.back().error) {
      exit_code = hosts::WorseOf(exit_code, static_cast<int>(error->code()));
    }
    if (base::Interrupted()) {
      break;
    }
  }
  if (arguments.json) {
    io.WriteOut(ToJson(hosts));
  }
  return exit_code;
}

}  // namespace pusher
