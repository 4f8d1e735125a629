#include "builder/source/dlopen_note.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/json_fields.h"

namespace builder {
namespace {

constexpr size_t kMaxNameBytes = 255;

// A name that is printed and looked for in folders: no path, which could lead anywhere.
bool IsSoname(const base::Json& name) {
  if (!name.is_string()) {
    return false;
  }
  const std::string text = name.get<std::string>();
  return !text.empty() && text.size() <= kMaxNameBytes && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c != '/' && c < 127; });
}

std::string WordAt(const base::Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && IsSoname(*found) ? found->get<std::string>() : "";
}

std::optional<DlopenRequest> RequestOf(const base::Json& object) {
  if (!object.is_object()) {
    return std::nullopt;
  }
  DlopenRequest out;
  const auto sonames = object.find("soname");
  if (sonames != object.end() && sonames->is_array()) {
    for (const base::Json& name : *sonames) {
      if (IsSoname(name)) {
        out.sonames.push_back(name.get<std::string>());
      }
    }
  }
  const std::string priority = WordAt(object, "priority");
  out.priority = priority == "required"    ? DlopenRequest::Priority::kRequired
                 : priority == "suggested" ? DlopenRequest::Priority::kSuggested
                                           : DlopenRequest::Priority::kRecommended;
  out.feature = WordAt(object, "feature");
  return out.sonames.empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace

std::vector<DlopenRequest> ParseDlopenNote(std::string_view text) {
  std::vector<DlopenRequest> out;
  try {
    const base::Json json =
        base::ParseJson(text.substr(0, text.find('\0')), ".note.dlopen", base::ExitCode::kFailed);
    for (const base::Json& object : json.is_array() ? json : base::Json::array()) {
      if (std::optional<DlopenRequest> request = RequestOf(object)) {
        out.push_back(*std::move(request));
      }
    }
  } catch (const base::Error&) {  // a note that is damaged is no reason to refuse the program
    return {};
  }
  return out;
}

}  // namespace builder
