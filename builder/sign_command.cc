#include "builder/sign_command.h"

#include <algorithm>
#include <optional>

#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/printable.h"
#include "images/name.h"
#include "images/release/judge.h"
#include "images/release/release.h"
#include "images/release/signing.h"
#include "images/version/image_choice.h"

namespace builder {
namespace {

constexpr const char* kDefaultChannel = "production";

constexpr const char* kSignExamples = R"(
Examples:
  imgbuild sign nginx                      for production, with your ssh key
  imgbuild sign --channel staging nginx
  imgbuild sign --key ~/.ssh/release nginx
  imgbuild sign --key release.pub nginx    the key is in ssh-agent
  imgbuild sign --renew nginx              a new date, the same channel; earlier
                                           signatures go

Run it again with another key for a second signature. A host takes it once
`imgpush --trust DIR HOST` told it whose images it takes.

Exit codes: 0 signed, and the signature was verified; 1 ssh-keygen did not
sign, or signed for something else; 2 usage; 6 the release there is damaged.
)";

struct SignArguments {
  std::string images = "build/images";
  std::string image;
  std::string key;
  std::optional<std::string> channel;
  bool renew = false;
  bool json = false;
};

images::Statement StatementOf(const images::ImageDirectory& image, const std::string& channel) {
  images::CheckName(channel, "--channel: channel");
  images::Statement out;
  out.channel = channel;
  out.name = image.manifest().name;
  out.manifest_sha256 = image.stored().digest;
  out.provenance_sha256 =
      base::Sha256Of(base::ReadFileIfThere(image.provenance_path()).value_or(""));
  out.released = std::chrono::floor<std::chrono::seconds>(base::SystemClock().Now());
  return out;
}

std::optional<images::Release> ReleaseThere(const images::ImageDirectory& image) {
  const std::optional<std::string> text = images::ReadReleaseText(image.path());
  if (!text) {
    return std::nullopt;
  }
  return images::Release::Parse(*text, image.path() + "/" + images::kReleaseFile);
}

// Of a new release: what was released for one channel is not for another unless somebody says so.
std::string ChannelOfNew(const images::ImageDirectory& image, const SignArguments& arguments) {
  if (arguments.channel) {
    return *arguments.channel;
  }
  try {
    const std::optional<images::Release> before = ReleaseThere(image);
    return before ? before->statement.channel : kDefaultChannel;
  } catch (const base::Error& error) {
    base::Fail(base::ExitCode::kUsage, "{}: so its channel is not known: say --channel",
               error.what());
  }
}

// What is there already, where this is one more signature of the same; nullopt: a new release.
std::optional<images::Release> ReleaseToSign(const images::ImageDirectory& image,
                                             const SignArguments& arguments) {
  std::optional<images::Release> out = arguments.renew ? std::nullopt : ReleaseThere(image);
  if (!out) {
    return std::nullopt;
  }
  images::Statement now = StatementOf(image, arguments.channel.value_or(out->statement.channel));
  now.released = out->statement.released;
  if (now != out->statement) {
    base::Fail(
        base::ExitCode::kFailed,
        "{} is signed already, for {} and perhaps another provenance: --renew signs it anew, "
        "without the signatures that it has",
        images::SubjectOf(now.name, now.manifest_sha256), out->statement.channel);
  }
  return out;
}

images::Release Sign(const images::ImageDirectory& image, const SignArguments& arguments,
                     const base::Io& io) {
  std::optional<images::Release> before = ReleaseToSign(image, arguments);
  images::Release out;
  if (before) {
    out = *std::move(before);
  } else {
    out.statement = StatementOf(image, ChannelOfNew(image, arguments));
    out.line = out.statement.Serialize();
  }
  const std::string key = arguments.key.empty() ? images::DefaultSigningKey() : arguments.key;
  const images::SshSignature signature =
      images::Sign(out.line, images::kReleaseNamespace, key, "imgbuild", io);
  std::erase_if(out.signatures, [&](const images::SshSignature& other) {
    return other.fingerprint == signature.fingerprint;
  });
  out.signatures.push_back(signature);
  const std::string path = image.path() + "/" + images::kReleaseFile;
  const std::string text = out.Serialize();
  images::Release::Parse(text, path);  // not too many, not too long
  base::WriteFileAtomically(path, text);
  return out;
}

std::string ToJson(const images::ImageDirectory& image, const images::Release& release) {
  base::Json out = {{"name", release.statement.name},
                    {"id", image.id().text()},
                    {"path", image.path()},
                    {"channel", release.statement.channel},
                    {"released", base::ToIso8601(release.statement.released)},
                    {"signatures", base::Json::array()}};
  for (const images::SshSignature& signature : release.signatures) {
    out["signatures"].push_back(signature.fingerprint);
  }
  return base::DumpJson(out, 2) + "\n";
}

}  // namespace

int RunSign(const std::vector<std::string>& arguments, const base::Io& io) {
  SignArguments parsed;
  CLI::App app("Signs a built image as a release, for hosts that take signed images alone.",
               std::string("imgbuild ") + kSignCommand);
  app.footer(kSignExamples);
  app.add_option("IMAGE", parsed.image, "Name of a built image, or its directory")->required();
  app.add_option("--images", parsed.images, "Folder of the built images")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--key", parsed.key,
                 "Private key, certificate, or public key of one in ssh-agent; default: the first "
                 "of ~/.ssh/id_ed25519, id_ecdsa and id_rsa")
      ->type_name("FILE");
  app.add_option("--channel", parsed.channel,
                 "What it is released for; default: production, or what it is signed for already")
      ->type_name("NAME");
  app.add_flag("--renew", parsed.renew,
               "Date it anew and drop the signatures it has, also to take a host back to it");
  app.add_flag("--json", parsed.json, "Report as JSON");
  if (!base::ParseArguments(app, arguments, io)) {
    return 0;
  }
  const images::ImageDirectory image = images::ChooseImage(parsed.images, parsed.image);
  const images::Release release = Sign(image, parsed, io);
  if (parsed.json) {
    io.WriteOut(ToJson(image, release));
    return 0;
  }
  io.Out("{}: released for {} at {}, {} ({})\n", image.path(), release.statement.channel,
         base::ToIso8601(release.statement.released),
         release.signatures.size() == 1 ? "1 signature"
                                        : fmt::format("{} signatures", release.signatures.size()),
         release.signatures.back().fingerprint);
  return 0;
}

}  // namespace builder
