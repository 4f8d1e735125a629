#include "pusher/plan_json.h"

#include <algorithm>

namespace pusher {
namespace {

using base::Json;

Json PackagesJson(const std::vector<images::PackageChange>& packages) {
  Json out = Json::array();
  for (const images::PackageChange& change : packages) {
    out.push_back({{"change", images::ToText(change.kind)},
                   {"name", change.name},
                   {"from", change.from},
                   {"to", change.to}});
  }
  return out;
}

Json ImageJson(const PlannedImage& planned) {
  const PushedImage& image = planned.image;
  Json out = {{"name", image.name},
              {"id", image.id},
              {"version", planned.version},
              {"old", nullptr},
              {"packages", PackagesJson(planned.change.packages)},
              {"already_there", image.already_there},
              {"chunks",
               {{"total", image.chunks_total},
                {"missing", image.chunks_sent},
                {"as_delta", image.chunks_as_delta}}},
              {"send_bytes", planned.send_bytes},
              {"image_bytes", image.image_bytes},
              {"basis", image.basis},
              {"why_no_deltas", planned.why_no_deltas}};
  if (!planned.change.old_id.empty()) {
    out["old"] = {{"id", planned.change.old_id}, {"version", planned.change.old_version}};
  }
  return out;
}

}  // namespace

Json PlanJson(const PushPlan& plan) {
  Json list = Json::array();
  for (const PlannedImage& image : plan.images) {
    list.push_back(ImageJson(image));
  }
  const Planned& host = plan.host;
  return {{"images", std::move(list)},
          {"send_bytes", plan.send_bytes},
          {"free_bytes", host.free_bytes},
          {"needed_bytes", host.needed_bytes},
          {"free_after_bytes", host.free_bytes - std::min(host.free_bytes, host.needed_bytes)},
          {"problems", host.problems},
          {"units", {{"start", host.start}, {"restart", host.restart}, {"stop", host.stop}}}};
}

}  // namespace pusher
