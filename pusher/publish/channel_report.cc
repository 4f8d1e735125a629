#include "pusher/publish/channel_report.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/clock.h"
#include "base/json_fields.h"
#include "base/progress.h"
#include "pusher/publish/head_edits.h"

namespace pusher {
namespace {

using base::Json;
using images::ChannelHead;

constexpr size_t kShownDigits = 16;  // of an image they are its ID

std::string DigestText(const base::Sha256& digest) {
  return digest.ToHex().substr(0, kShownDigits);
}

Json AppsJson(const images::ChannelApps& apps) {
  Json out = Json::object();
  for (const auto& [name, variants] : apps) {
    for (const images::AppVariant& variant : variants) {
      out[name].push_back({{"id", DigestText(variant.manifest_sha256)},
                           {"manifest_sha256", variant.manifest_sha256.ToHex()},
                           {"architecture", variant.architecture},
                           {"features", variant.features}});
    }
  }
  return out;
}

Json ProgramsJson(const images::Programs& programs) {
  Json out = Json::object();
  for (const auto& [architecture, program] : programs) {
    out[architecture] = {{"sha256", program.sha256.ToHex()}, {"bytes", program.bytes}};
  }
  return out;
}

Json HeadFieldsJson(const ChannelHead& head) {
  return {{"channel", head.channel},
          {"version", head.version},
          {"created", base::ToIso8601(head.created)},
          {"expires", base::ToIso8601(head.expires)},
          {"hold", head.rollout.hold},
          {"urgent", head.rollout.urgent},
          {"apps", AppsJson(head.apps)},
          {"agent", ProgramsJson(head.agent)},
          {"fetch", ProgramsJson(head.fetch)}};
}

Json CountsJson(const UploadCounts& counts) {
  return {{"objects", counts.objects},
          {"bytes", counts.bytes},
          {"already_there", counts.already_there}};
}

std::string CountsText(const UploadCounts& counts) {
  return fmt::format("{}, {} put, {} there already", base::Counted(counts.objects, "object"),
                     base::HumanBytes(counts.bytes), counts.already_there);
}

std::string Document(const Json& json) { return base::DumpJson(json, 2) + "\n"; }

// Rows of one width a column, less the blanks at their ends.
std::string ChannelTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string HowHeadStarts(const images::Rollout& rollout) {
  if (rollout.hold) {
    return "held: nobody starts";
  }
  if (rollout.urgent) {
    return "urgent: everybody at once";
  }
  return "waves " + WavesText(rollout.waves) +
         (rollout.spread.count() > 0 ? ", each within " + DurationText(rollout.spread) : "");
}

// A line, or nothing.
std::string ProgramsText(const std::string& name, const images::Programs& programs) {
  std::vector<std::string> out;
  for (const auto& [architecture, program] : programs) {
    out.push_back(fmt::format("{} {}", architecture, DigestText(program.sha256)));
  }
  return out.empty() ? "" : fmt::format("  {} for hosts: {}\n", name, fmt::join(out, ", "));
}

std::vector<std::string> AppNamesOf(const ChannelHead& head) {
  std::vector<std::string> out;
  for (const auto& [name, variants] : head.apps) {
    out.push_back(name);
  }
  return out;
}

std::string AgeText(images::TimePoint then, images::TimePoint now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  return seconds < 0 ? "in the future" : base::HumanSeconds(static_cast<uint64_t>(seconds));
}

std::vector<std::string> StatusRow(const std::string& host, const std::string& channel,
                                   const images::ChannelReport& report, const std::string& age) {
  std::string why = report.error;
  if (report.starts) {
    why += (why.empty() ? "starts " : ", starts ") + base::ToIso8601(*report.starts);
  }
  return {host,
          channel,
          images::NameOf(report.result),
          report.applied ? std::to_string(report.applied->version) : "-",
          report.seen ? std::to_string(report.seen->version) : "-",
          age,
          why};
}

}  // namespace

std::string ResultText(const PublishResult& result) {
  const ChannelHead& head = result.head;
  std::string out;
  if (result.repaired != 0 && (result.changed || result.repaired != head.version)) {
    out += fmt::format("channel {}: version {} was published, and its head swapped now\n",
                       head.channel, result.repaired);
  }
  out += fmt::format("{}: {}, {}, expires {}\n", head.Subject(),
                     result.changed                    ? "published"
                     : result.repaired == head.version ? "was published, its head swapped now"
                                                       : "is that already",
                     HowHeadStarts(head.rollout), base::ToIso8601(head.expires));
  if (result.counts.objects + result.counts.already_there > 0) {
    out += CountsText(result.counts) + "\n";
  }
  if (result.deltas.objects > 0) {
    out += fmt::format("{}, {} put\n", base::Counted(result.deltas.objects, "delta"),
                       base::HumanBytes(result.deltas.bytes));
  }
  return out;
}

std::string ResultJson(const PublishResult& result) {
  Json out = HeadFieldsJson(result.head);
  out["changed"] = result.changed;
  out["repaired"] = result.repaired;
  out["put"] = CountsJson(result.counts);
  out["deltas"] = {{"objects", result.deltas.objects}, {"bytes", result.deltas.bytes}};
  return Document(out);
}

std::string PlanText(const std::string& channel, const PublishPlan& plan) {
  std::string out = plan.next ? fmt::format("would become {}: {}\n", plan.next->Subject(),
                                            HowHeadStarts(plan.next->rollout))
                              : fmt::format("channel {} is that already\n", channel);
  if (plan.counts.objects + plan.counts.already_there > 0) {
    out += CountsText(plan.counts) + "\n";
  }
  if (plan.deltas.objects + plan.deltas.already_there > 0) {
    out += fmt::format("{} to make, {} there already\n",
                       base::Counted(plan.deltas.objects, "delta"), plan.deltas.already_there);
  }
  return out;
}

std::string PlanJson(const std::string& channel, const PublishPlan& plan) {
  Json out = plan.next ? HeadFieldsJson(*plan.next) : Json{{"channel", channel}};
  out["changed"] = plan.next.has_value();
  out["put"] = CountsJson(plan.counts);
  out["deltas"] = {{"objects", plan.deltas.objects}, {"already_there", plan.deltas.already_there}};
  return Document(out);
}

std::string HeadText(const ShownHead& shown, images::TimePoint now) {
  const ChannelHead& head = shown.signed_head.head;
  std::vector<std::string> signers;
  for (const images::SshSignature& signature : shown.signed_head.signatures) {
    signers.push_back(signature.fingerprint);
  }
  std::string out =
      fmt::format("{}\n  created {}, {} {}\n  signed by {}{}\n  {}\n", head.Subject(),
                  base::ToIso8601(head.created), head.expires > now ? "expires" : "EXPIRED",
                  base::ToIso8601(head.expires), fmt::join(signers, ", "),
                  shown.is_checked ? "" : " (not checked: add --trust DIR or --key FILE)",
                  HowHeadStarts(head.rollout));
  out += ProgramsText("activate", head.agent) + ProgramsText("fetch", head.fetch);
  if (head.apps.empty()) {
    return out + "  no application\n";
  }
  std::vector<std::vector<std::string>> rows = {{"APPLICATION", "ID", "ARCHITECTURE", "NEEDS"}};
  for (const auto& [name, variants] : head.apps) {
    for (const images::AppVariant& variant : variants) {
      rows.push_back({name, DigestText(variant.manifest_sha256), variant.architecture,
                      fmt::format("{}", fmt::join(variant.features, " "))});
    }
  }
  return out + ChannelTable(rows);
}

std::string HeadJson(const ShownHead& shown) {
  const ChannelHead& head = shown.signed_head.head;
  Json out = HeadFieldsJson(head);
  out["checked"] = shown.is_checked;
  out["signatures"] = Json::array();
  for (const images::SshSignature& signature : shown.signed_head.signatures) {
    out["signatures"].push_back(signature.fingerprint);
  }
  out["rollout"] =
      base::ParseJson(shown.signed_head.line, "the head", base::ExitCode::kVerification)["rollout"];
  return Document(out);
}

std::string ListText(const std::vector<ListedHead>& heads, bool is_history) {
  if (heads.empty()) {
    return "no channel\n";
  }
  std::vector<std::vector<std::string>> rows = {
      {"CHANNEL", "VERSION", "CREATED", "EXPIRES", "STARTS", "APPLICATIONS"}};
  for (const ListedHead& listed : heads) {
    const ChannelHead& head = listed.head;
    rows.push_back({head.channel,
                    std::to_string(head.version) + (is_history && listed.is_current ? "*" : ""),
                    base::ToIso8601(head.created), base::ToIso8601(head.expires),
                    head.rollout.hold     ? "held"
                    : head.rollout.urgent ? "urgent"
                                          : WavesText(head.rollout.waves),
                    fmt::format("{}", fmt::join(AppNamesOf(head), " "))});
  }
  return ChannelTable(rows);
}

std::string ListJson(const std::vector<ListedHead>& heads) {
  Json out = Json::array();
  for (const ListedHead& listed : heads) {
    Json entry = HeadFieldsJson(listed.head);
    entry["current"] = listed.is_current;
    out.push_back(entry);
  }
  return Document(out);
}

std::string StatusText(const std::vector<HostState>& hosts, const std::string& channel,
                       images::TimePoint now) {
  std::vector<std::vector<std::string>> rows = {
      {"HOST", "CHANNEL", "RESULT", "RUNS", "SEEN", "REPORTED", "WHY"}};
  for (const HostState& host : hosts) {
    if (!host.document) {
      rows.push_back({host.host, "-", "unreadable", "-", "-", "-", host.error});
      continue;
    }
    for (const auto& [name, report] : host.document->channels) {
      if (channel.empty() || name == channel) {
        rows.push_back(StatusRow(host.host, name, report, AgeText(host.document->time, now)));
      }
    }
  }
  return rows.size() == 1 ? "no host reports\n" : ChannelTable(rows);
}

std::string StatusJson(const std::vector<HostState>& hosts, const std::string& channel) {
  Json out = Json::array();
  for (const HostState& host : hosts) {
    if (!host.document) {
      out.push_back({{"host", host.host}, {"error", host.error}});
      continue;
    }
    Json json =
        base::ParseJson(host.document->Serialize(), host.host, base::ExitCode::kVerification);
    for (const auto& [name, report] : host.document->channels) {
      if (!channel.empty() && name != channel) {
        json["channels"].erase(name);
      }
    }
    if (!json["channels"].empty()) {
      out.push_back(json);
    }
  }
  return Document(out);
}

std::string PruneText(const PruneResult& result, bool plan, bool is_checked) {
  return fmt::format("{} {}, {}; {} unnamed, removed by a prune in 24 hours or later{}\n",
                     plan ? "would remove" : "removed",
                     base::Counted(result.deleted.size(), "object"),
                     base::HumanBytes(result.deleted_bytes), result.doomed,
                     is_checked ? ""
                                : "\nthe heads' signatures were not checked: add --trust DIR or "
                                  "--key FILE");
}

std::string PruneJson(const PruneResult& result, bool is_checked) {
  return Document({{"deleted", result.deleted},
                   {"deleted_bytes", result.deleted_bytes},
                   {"doomed", result.doomed},
                   {"remaining", result.remaining},
                   {"checked", is_checked}});
}

}  // namespace pusher
