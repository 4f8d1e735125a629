#include "pusher/publish/publish_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "images/channel/object_key.h"
#include "images/version/image_choice.h"
#include "pusher/publish/channel_report.h"
#include "pusher/publish/delta_publisher.h"
#include "pusher/publish/head_signer.h"
#include "pusher/publish/host_programs.h"
#include "pusher/publish/publish_arguments.h"
#include "pusher/publish/report_reader.h"
#include "store/credentials.h"
#include "store/location.h"

namespace pusher {
namespace {

std::vector<ImageUpload> ChosenUploads(const PublishArguments& arguments) {
  std::vector<ImageUpload> out;
  if (arguments.names.empty()) {
    for (images::ImageDirectory& image : images::ChooseImages(arguments.images, {})) {
      out.emplace_back(std::move(image));
    }
    return out;
  }
  for (const std::string& name : arguments.names) {
    out.emplace_back(images::ChooseImage(arguments.images, name));
    for (size_t i = 0; i + 1 < out.size(); ++i) {
      if (out[i].name() == out.back().name() &&
          out[i].image().stored().digest == out.back().image().stored().digest) {
        base::Fail(base::ExitCode::kUsage, "{} is named twice", name);
      }
    }
  }
  return out;
}

images::ChannelApps AppsOf(const std::vector<ImageUpload>& images) {
  images::ChannelApps out;
  for (const ImageUpload& image : images) {
    out[image.name()].push_back(image.variant());
  }
  return out;
}

void CheckStore(store::Store& store) {
  if (const std::optional<std::string> why = store::WhyConditionalWritesFail(store)) {
    base::Fail(base::ExitCode::kUsage,
               "{}: {}: two publishers would overwrite each other's work there; use a store that "
               "honours conditional writes",
               store.location(), *why);
  }
}

// A store, with what those who change channels need beside it.
class ChangedStore {
 public:
  ChangedStore(const PublishArguments& arguments, const base::Io& io)
      : arguments_(arguments),
        io_(io),
        keys_(SigningKeys(arguments.keys)),
        judge_(arguments.trust.empty() ? JudgeByKeys(keys_) : JudgeByTrust(arguments.trust)),
        store_(store::Open(arguments.store, arguments.store_options)),
        objects_(*store_, judge_) {}

  ChannelObjects& objects() { return objects_; }

  void Change(ChannelChange change) {
    Publisher publisher(objects_, HeadSigner(keys_, judge_, io_), io_);
    DeltaPublisher deltas(objects_, arguments_.delta_versions, io_);
    if (arguments_.plan) {
      PublishPlan plan = publisher.Plan(change);
      plan.deltas = deltas.Plan(change.images, plan.current);
      io_.WriteOut(arguments_.json ? PlanJson(change.channel, plan)
                                   : PlanText(change.channel, plan));
      return;
    }
    CheckStore(*store_);
    change.put_more = [&](const std::optional<StoredHead>& current) {
      return deltas.Put(change.images, current);
    };
    PublishResult result = publisher.Publish(change);
    result.deltas = {deltas.put(), deltas.put_bytes(), 0};
    io_.WriteOut(arguments_.json ? ResultJson(result) : ResultText(result));
  }

 private:
  const PublishArguments& arguments_;
  const base::Io io_;
  const std::vector<std::string> keys_;
  const HeadJudge judge_;
  const std::unique_ptr<store::Store> store_;
  ChannelObjects objects_;
};

uint64_t ParseVersion(const std::string& text) {
  uint64_t out = 0;
  for (const char digit : text) {
    out = digit >= '0' && digit <= '9' && out <= images::kMaxChannelVersion
              ? out * 10 + static_cast<uint64_t>(digit - '0')
              : images::kMaxChannelVersion + 1;
  }
  if (out == 0 || out > images::kMaxChannelVersion) {
    base::Fail(base::ExitCode::kUsage, "there is no version {}: use a number, as in 42", text);
  }
  return out;
}

images::SignedHead CopyThere(ChannelObjects& objects, const std::string& channel,
                             uint64_t version) {
  std::optional<images::SignedHead> out = objects.ReadCopy(channel, version);
  if (!out) {
    base::Fail(base::ExitCode::kUsage,
               "channel {} has no version {} any more; see imgpush channel list", channel, version);
  }
  return *std::move(out);
}

// The last version that has other applications than the head.
images::ChannelHead LastOther(ChannelObjects& objects, const images::ChannelHead& current) {
  for (uint64_t version = current.version; version > 1;) {
    const auto copy = objects.ReadCopy(current.channel, --version);
    if (!copy) {
      break;
    }
    if (copy->head.apps != current.apps) {
      return copy->head;
    }
  }
  base::Fail(base::ExitCode::kUsage, "channel {} has no version with other applications",
             current.channel);
}

// Which version to go back to.
OldHeadChoice ChoiceOf(const PublishArguments& arguments, ChannelObjects& objects) {
  if (arguments.names.empty()) {
    return [&objects](const images::ChannelHead& current) { return LastOther(objects, current); };
  }
  const uint64_t version = ParseVersion(arguments.names.front());
  return [&objects, version](const images::ChannelHead& current) {
    return CopyThere(objects, current.channel, version).head;
  };
}

HeadEdit EditOf(const PublishArguments& arguments, const HostPrograms& programs,
                ChannelObjects& objects) {
  if (arguments.verb == "set") {
    const RolloutChange& change = arguments.rollout;
    if (!change.waves && !change.spread && !change.salt && !change.retry && !arguments.programs &&
        !arguments.no_programs) {
      base::Fail(base::ExitCode::kUsage,
                 "say what to set: --waves, --spread, --salt, --retry, --programs or "
                 "--no-programs");
    }
    return EditToSet(arguments.rollout, {arguments.no_programs, programs.agent, programs.fetch},
                     arguments.edit);
  }
  if (arguments.verb == "remove") {
    return EditToRemove(arguments.names, arguments.edit);
  }
  if (arguments.verb == "renew") {
    return EditToRenew(arguments.edit);
  }
  if (arguments.verb == "rollback") {
    return EditToRollBack(ChoiceOf(arguments, objects), arguments.edit);
  }
  return EditToHold(arguments.verb == "hold", arguments.edit);
}

store::Options ThereAlready(store::Options options) {
  options.must_exist = true;
  return options;
}

// Of a verb that changes nothing.
class ReadStore {
 public:
  ReadStore(const PublishArguments& arguments, const base::Io& io)
      : arguments_(arguments),
        io_(io),
        store_(store::Open(arguments.store, ThereAlready(arguments.store_options))),
        objects_(*store_, !arguments.trust.empty()  ? JudgeByTrust(arguments.trust)
                          : !arguments.keys.empty() ? JudgeByKeys(arguments.keys)
                                                    : JudgeNothing()) {}

  void Show() {
    ShownHead shown;
    shown.is_checked = IsChecked();
    if (arguments_.names.empty()) {
      std::optional<StoredHead> head = objects_.ReadHead(arguments_.channel);
      if (!head) {
        base::Fail(base::ExitCode::kUsage, "{} has no channel {}", store_->location(),
                   arguments_.channel);
      }
      shown.signed_head = std::move(head->signed_head);
    } else {
      shown.signed_head =
          CopyThere(objects_, arguments_.channel, ParseVersion(arguments_.names.front()));
    }
    io_.WriteOut(arguments_.json ? HeadJson(shown) : HeadText(shown, objects_.Now()));
  }

  void List() {
    const bool is_history = !arguments_.channel.empty();
    const std::vector<ListedHead> heads = is_history ? History() : Heads();
    io_.WriteOut(arguments_.json ? ListJson(heads) : ListText(heads, is_history));
  }

  void Status() {
    const std::vector<HostState> hosts =
        ReportReader(*store_, ReportCachePath(store_->location())).Read();
    io_.WriteOut(arguments_.json ? StatusJson(hosts, arguments_.channel)
                                 : StatusText(hosts, arguments_.channel, objects_.Now()));
  }

  void Prune() {
    if (!arguments_.plan) {
      CheckStore(*store_);
    }
    const PruneResult result = RunPrune(objects_, arguments_.plan);
    io_.WriteOut(arguments_.json ? PruneJson(result, IsChecked())
                                 : PruneText(result, arguments_.plan, IsChecked()));
    CheckPruneEnded(result);
  }

 private:
  bool IsChecked() const { return !arguments_.trust.empty() || !arguments_.keys.empty(); }

  std::vector<ListedHead> Heads() {
    std::vector<ListedHead> out;
    for (const std::string& channel : objects_.Channels()) {
      if (const auto head = objects_.ReadHead(channel)) {
        out.push_back({head->head(), true});
      }
    }
    return out;
  }

  // The newest first.
  std::vector<ListedHead> History() {
    const std::optional<StoredHead> head = objects_.ReadHead(arguments_.channel);
    const uint64_t current = head ? head->head().version : 0;
    std::vector<ListedHead> out;
    for (const uint64_t version : objects_.CopiesOf(arguments_.channel)) {
      if (const auto copy = objects_.ReadCopy(arguments_.channel, version)) {
        out.push_back({copy->head, version == current});
      }
    }
    if (out.empty()) {
      base::Fail(base::ExitCode::kUsage, "{} has no channel {}", store_->location(),
                 arguments_.channel);
    }
    std::ranges::reverse(out);
    return out;
  }

  const PublishArguments& arguments_;
  const base::Io io_;
  const std::unique_ptr<store::Store> store_;
  ChannelObjects objects_;
};

// What a host gets is on its own way from here on, so its key is the one that was named, and none
// of this user's own.
Subscription SubscriptionOf(const PublishArguments& arguments) {
  const store::Location location = store::ParseLocation(arguments.store);
  const store::Options& options = arguments.store_options;
  if (location.kind == store::Kind::kFolder && !arguments.store.starts_with("/") &&
      !arguments.store.starts_with("file:///")) {
    base::Fail(base::ExitCode::kUsage, "{} is no folder that hosts know: give its path there",
               base::Printable(arguments.store));
  }
  if (!options.endpoint.empty()) {
    store::ParseServer(options.endpoint, "--endpoint");
  }
  Subscription out{arguments.store, arguments.channels, options.endpoint, options.region,
                   options.ca_file, std::nullopt,       arguments.trust};
  if (!options.credentials_file.empty()) {
    if (location.kind != store::Kind::kS3) {
      base::Fail(base::ExitCode::kUsage, "--credentials is for buckets, and {} is none",
                 arguments.store);
    }
    out.credentials = store::ReadCredentials(options.credentials_file);
  }
  return out;
}

}  // namespace

int RunPublish(const std::vector<std::string>& arguments, const base::Io& io) {
  const std::optional<PublishArguments> parsed = ParsePublish(arguments, io);
  if (!parsed) {
    return 0;
  }
  std::vector<ImageUpload> images = ChosenUploads(*parsed);
  ChangedStore store(*parsed, io);
  HeadEdit edit = EditToPublish(AppsOf(images), parsed->edit);
  store.Change({parsed->channel, std::move(edit), std::move(images)});
  return 0;
}

int RunChannel(const std::vector<std::string>& arguments, const base::Io& io, HostVerbs& hosts) {
  const std::optional<PublishArguments> parsed = ParseChannel(arguments, io, hosts);
  if (!parsed) {
    return 0;
  }
  if (parsed->verb == "enroll") {
    return hosts.removes() ? hosts.Remove(parsed->names, parsed->json, io)
                           : hosts.Enroll(SubscriptionOf(*parsed), parsed->names, parsed->json, io);
  }
  if (parsed->verb == "poke") {
    return hosts.Poke(parsed->names, parsed->json, io);
  }
  if (parsed->verb == "show") {
    ReadStore(*parsed, io).Show();
  } else if (parsed->verb == "list") {
    ReadStore(*parsed, io).List();
  } else if (parsed->verb == "status") {
    ReadStore(*parsed, io).Status();
  } else if (parsed->verb == "prune") {
    ReadStore(*parsed, io).Prune();
  } else {
    HostPrograms programs = parsed->programs ? FindHostPrograms() : HostPrograms();
    ChangedStore store(*parsed, io);
    HeadEdit edit = EditOf(*parsed, programs, store.objects());
    store.Change({parsed->channel, std::move(edit), {}, {}, std::move(programs.files)});
  }
  return 0;
}

std::optional<int> RunStoreCommand(const std::vector<std::string>& arguments, const base::Io& io,
                                   HostVerbs& hosts) {
  const std::string command = arguments.empty() ? "" : arguments.front();
  if (command != kPublishCommand && command != kChannelCommand) {
    return std::nullopt;
  }
  const base::LogOutput log(io);
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  return command == kPublishCommand ? RunPublish(rest, io) : RunChannel(rest, io, hosts);
}

}  // namespace pusher
