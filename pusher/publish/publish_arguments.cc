#include "pusher/publish/publish_arguments.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/cli.h"
#include "base/error.h"
#include "images/name.h"

namespace pusher {
namespace {

constexpr const char* kPublishExamples = R"(
Examples:
  imgpush publish /srv/store web nginx         the newest build of nginx
  imgpush publish s3://apps web nginx shop     two applications, as one version
  imgpush publish --plan s3://apps web         what that would put and change
  imgpush publish --key release.pub s3://apps web nginx
                                               the key is in ssh-agent

Only signed images can be published: imgbuild sign NAME. Several directories of
one NAME are variants of it, for several architectures.

Exit codes: 0 published, and all of it was found in the store; 1 failed; 2
usage, or the store honours no conditional writes; 5 others publish or prune all
the time; 6 an image or a head is damaged, or by nobody who is trusted; 7 the
store is not reached; 130 interrupted. Whatever was interrupted: type it again.
)";

constexpr const char* kChannelExamples = R"(
Verbs, and what they take
  show STORE CHANNEL [N]         the head, or version N: applications, rollout
  list STORE [CHANNEL]           the channels, or the versions of one
  set STORE CHANNEL              the rollout: --waves, --spread, --salt, --retry
                                 or the programs of hosts: --programs
  remove STORE CHANNEL NAME...   hosts of the channel stop running these
  hold STORE CHANNEL             no further host starts with the newest version
  release STORE CHANNEL          undoes hold; the waves begin anew
  rollback STORE CHANNEL [N]     what version N had, or the last that differs,
                                 as a new version, for all hosts at once
  renew STORE CHANNEL            expires later; the waves go on
  status STORE [CHANNEL]         what the hosts report
  prune STORE                    removes objects that no kept version names
  enroll STORE CHANNEL[,CHANNEL...] HOST...
                                 from now on these hosts pull the channels
  enroll --remove HOST...        they pull no more, and run on
  poke [HOST...]                 enrolled hosts look now; default: @all

Examples:
  imgpush channel show s3://apps web
  imgpush channel set --waves @canary,10%+1h,100%+24h --spread 1h s3://apps web
  imgpush channel set --programs s3://apps web
  imgpush channel rollback s3://apps web
  imgpush channel renew --expires-in 30d s3://apps web
  imgpush channel prune --plan s3://apps
  imgpush channel enroll --credentials host.key --trust trust s3://apps web @web
  imgpush channel poke @web

Exit codes: 0 done, and looked at; 1 failed; 2 usage; 5 others publish or prune
at this moment, or a prune was not done in its 10 minutes; 6 what is in the
store is damaged, or by nobody who is trusted; 7 the store or a host is not
reached; 130 interrupted. Of several hosts: the worst, of what they did when
they looked, too. Whatever was interrupted: type it again.
)";

struct Verb {
  const char* name;
  size_t least;  // words behind STORE; of a verb of hosts: words
  size_t most;
  std::array<std::string_view, 26> options;  // beside those of all verbs
  bool is_of_hosts = false;
};

constexpr uint64_t kMostDeltaVersions = 100;
constexpr size_t kAnyNumber = 10'000;
constexpr std::array kVerbs = {
    Verb{"show", 1, 2, {"--key", "--trust"}},
    Verb{"list", 0, 1, {"--key", "--trust"}},
    Verb{"set",
         1,
         1,
         {"--key", "--trust", "--plan", "--expires-in", "--urgent", "--waves", "--spread", "--salt",
          "--retry", "--programs", "--no-programs"}},
    Verb{"remove", 2, kAnyNumber, {"--key", "--trust", "--plan", "--expires-in", "--urgent"}},
    Verb{"hold", 1, 1, {"--key", "--trust", "--plan", "--expires-in"}},
    Verb{"release", 1, 1, {"--key", "--trust", "--plan", "--expires-in", "--urgent"}},
    Verb{"rollback", 1, 2, {"--key", "--trust", "--plan", "--expires-in"}},
    Verb{"renew", 1, 1, {"--key", "--trust", "--plan", "--expires-in"}},
    Verb{"status", 0, 1, {}},
    Verb{"prune", 0, 0, {"--key", "--trust", "--plan"}},
    Verb{
        "enroll",
        1,
        kAnyNumber,
        {"--trust", "--yes", "--every", "--random-delay", "--no-poll", "--remove", "--root",
         "--agent-dir", "--hosts", "--ssh", "--jobs", "--connect-timeout", "--retries", "--bwlimit",
         "--ask-sudo-password", "--endpoint", "--region", "--credentials", "--ca-file"},
        true},
    Verb{"poke",
         0,
         kAnyNumber,
         {"--root", "--agent-dir", "--hosts", "--ssh", "--jobs", "--connect-timeout", "--retries",
          "--bwlimit", "--ask-sudo-password"},
         true},
};
constexpr std::array<std::string_view, 3> kOfAllVerbs = {"--help", "--log-level", "--json"};
constexpr std::array<std::string_view, 4> kOfStores = {"--endpoint", "--region", "--credentials",
                                                       "--ca-file"};

void DescribeStore(CLI::App& app, PublishArguments& out) {
  app.add_option("--endpoint", out.store_options.endpoint,
                 "The server of s3://; default: $AWS_ENDPOINT_URL_S3, $AWS_ENDPOINT_URL, or "
                 "Amazon's")
      ->type_name("URL");
  app.add_option("--region", out.store_options.region,
                 "Region of the bucket; default: $AWS_REGION, $AWS_DEFAULT_REGION, or us-east-1")
      ->type_name("REGION");
  app.add_option("--credentials", out.store_options.credentials_file,
                 "File of the key to the bucket, as the AWS tools have it; default: "
                 "$AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials; of enroll: "
                 "none")
      ->type_name("FILE");
  app.add_option("--ca-file", out.store_options.ca_file,
                 "Certificates that the server must have one of; default: $SSL_CERT_FILE, or the "
                 "distribution's; of enroll: a path on the hosts")
      ->type_name("FILE");
  app.add_flag("--json", out.json, "Report as JSON");
}

void DescribeSigning(CLI::App& app, PublishArguments& out) {
  app.add_option("--key", out.keys,
                 "Private key, certificate, or public key of one in ssh-agent, which signs the "
                 "head; again for a further signature; default: the first of ~/.ssh/id_ed25519, "
                 "id_ecdsa and id_rsa")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--trust", out.trust,
                 "Directory with signers, revoked and policy.json: take over only what these "
                 "signed; default: what your own key signed. Of enroll: hosts trust these first")
      ->type_name("DIR");
  app.add_option_function<std::string>(
         "--expires-in",
         [&out](const std::string& text) {
           out.edit.lasts = ParseDuration(text, "--expires-in");
           if (out.edit.lasts->count() == 0) {
             base::Fail(base::ExitCode::kUsage, "--expires-in: a head must last, as in 7d");
           }
         },
         "From when on hosts stage nothing of it: 12h or 30d; default: 7d, or when it would have "
         "expired anyway, if that is later")
      ->type_name("TIME");
  app.add_flag("--urgent", out.edit.urgent, "For all hosts at once, without waves");
}

void DescribeRollout(CLI::App& app, PublishArguments& out) {
  app.add_option_function<std::string>(
         "--waves", [&out](const std::string& text) { out.rollout.waves = ParseWaves(text); },
         "Which hosts start when: the percentage of all that a wave ends with, groups of "
         "hosts, and the time from the beginning, as in @canary,10%+1h,100%+24h")
      ->type_name("LIST");
  app.add_option_function<std::string>(
         "--spread",
         [&out](const std::string& text) { out.rollout.spread = ParseDuration(text, "--spread"); },
         "How long the hosts of a wave take to start: 30m or 1h")
      ->type_name("TIME");
  app.add_option_function<std::string>(
         "--salt", [&out](const std::string& text) { out.rollout.salt = text; },
         "Another text puts the hosts into another order")
      ->type_name("TEXT");
  app.add_flag("--retry", out.rollout.retry, "Hosts try a set again that failed there");
  CLI::Option* programs =
      app.add_flag("--programs", out.programs,
                   "Put this imgpush's own activate and fetch, for each architecture that it has: "
                   "hosts take them from the channel");
  app.add_flag("--no-programs", out.no_programs,
               "The channel names no programs: hosts keep those that they have")
      ->excludes(programs);
}

// That each option means something to the verb.
void CheckOptions(const CLI::App& app, const Verb& verb) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || !name.starts_with("--") ||
        std::ranges::find(kOfAllVerbs, name) != kOfAllVerbs.end() ||
        (!verb.is_of_hosts && std::ranges::find(kOfStores, name) != kOfStores.end()) ||
        std::ranges::find(verb.options, name) != verb.options.end()) {
      continue;
    }
    base::Fail(base::ExitCode::kUsage, "{} has no {}; see imgpush channel --help", verb.name, name);
  }
}

const Verb& FindVerb(const std::string& name) {
  const auto found = std::ranges::find(kVerbs, std::string_view(name), &Verb::name);
  if (found == kVerbs.end()) {
    std::vector<std::string> names;
    names.reserve(kVerbs.size());
    for (const Verb& verb : kVerbs) {
      names.emplace_back(verb.name);
    }
    base::Fail(base::ExitCode::kUsage, "imgpush channel has no verb {}: there are {}",
               base::Printable(name), fmt::join(names, ", "));
  }
  return *found;
}

void CheckNumber(const Verb& verb, size_t words, size_t least) {
  if (words < least || words > verb.most) {
    base::Fail(base::ExitCode::kUsage, "{} takes {} words; see imgpush channel --help", verb.name,
               words < least ? "more" : "fewer");
  }
}

// Of enroll: STORE CHANNEL[,CHANNEL...] HOST..., or only hosts where it takes no store.
void TakeHostWords(const Verb& verb, bool has_store, const std::vector<std::string>& words,
                   PublishArguments& out) {
  const size_t before = has_store ? 2 : 0;
  CheckNumber(verb, words.size(), before + verb.least);
  out.names.assign(words.begin() + static_cast<std::ptrdiff_t>(before), words.end());
  if (has_store) {
    out.store = words[0];
    for (const std::string& channel : Split(words[1], ',')) {
      images::CheckName(channel, "channel");
      out.channels.push_back(channel);
    }
  }
}

void TakeWords(const Verb& verb, const std::vector<std::string>& words, PublishArguments& out) {
  CheckNumber(verb, words.size(), verb.least);
  if (!words.empty()) {
    out.channel = words.front();
    images::CheckName(out.channel, "channel");
    out.names.assign(words.begin() + 1, words.end());
  }
}

}  // namespace

std::optional<PublishArguments> ParsePublish(const std::vector<std::string>& arguments,
                                             const base::Io& io) {
  PublishArguments out;
  CLI::App app("Puts built images into a store, and makes them a channel's newest version.",
               std::string("imgpush ") + kPublishCommand);
  app.footer(kPublishExamples);
  app.add_option("--images", out.images, "Folder of the built images")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--deltas", out.delta_versions,
                 "Put deltas against what so many last versions of the channel have; 0: none")
      ->type_name("N")
      ->transform(base::Number(0, kMostDeltaVersions))
      ->capture_default_str();
  DescribeSigning(app, out);
  app.add_flag("--plan", out.plan, "Say what would be put and changed, then stop");
  DescribeStore(app, out);
  app.add_option("STORE", out.store,
                 "A bucket (s3://BUCKET[/PREFIX] or s3+https://HOST/BUCKET) or a folder")
      ->required();
  app.add_option("CHANNEL", out.channel, "Name of the channel; a new one is made")->required();
  app.add_option("NAME", out.names,
                 "Names or directories of images; default: all of --images. The channel's other "
                 "applications stay as they are");
  if (!base::ParseArguments(app, arguments, io)) {
    return std::nullopt;
  }
  images::CheckName(out.channel, "channel");
  return out;
}

std::optional<PublishArguments> ParseChannel(const std::vector<std::string>& arguments,
                                             const base::Io& io, HostVerbs& hosts) {
  PublishArguments out;
  std::vector<std::string> words;
  CLI::App app("Shows and changes the channels of a store, and has hosts pull them.",
               std::string("imgpush ") + kChannelCommand);
  app.footer(kChannelExamples);
  DescribeSigning(app, out);
  DescribeRollout(app, out);
  app.add_flag("--plan", out.plan, "Say what would be changed or removed, then stop");
  DescribeStore(app, out);
  hosts.Describe(app);
  app.add_option("VERB", out.verb, "What to do, see below")->required();
  app.add_option("STORE", words,
                 "As imgpush publish takes it, to be read also https://; then the name of the "
                 "channel, and what else the verb takes");
  if (!base::ParseArguments(app, arguments, io)) {
    return std::nullopt;
  }
  const Verb& verb = FindVerb(out.verb);
  CheckOptions(app, verb);
  if (verb.is_of_hosts) {
    TakeHostWords(verb, verb.name == std::string_view("enroll") && !hosts.removes(), words, out);
    return out;
  }
  if (words.empty()) {
    base::Fail(base::ExitCode::kUsage, "{} takes a store; see imgpush channel --help", verb.name);
  }
  out.store = words.front();
  words.erase(words.begin());
  TakeWords(verb, words, out);
  return out;
}

}  // namespace pusher
