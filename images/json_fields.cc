#include "images/json_fields.h"

#include <algorithm>
#include <set>
#include <utility>

namespace images {
namespace {

// Levenshtein's distance, for "did you mean".
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string Place(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t newline = before.rfind('\n');
  const size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1);
  return fmt::format("line {}, column {}", line, std::max<size_t>(column, 1));
}

// nlohmann parses iteratively, but copies, compares and prints recursively.
constexpr int kMaxDepth = 64;
constexpr size_t kMaxWhyBytes = 200;  // nlohmann's message quotes the whole token

// What nlohmann lets pass: objects and arrays nested so deeply that they could exhaust a stack, and
// the first of two equal keys, which it drops; a person who wrote both must be told.
class Strictness {
 public:
  Strictness(const std::string& name, base::Code code) : name_(name), code_(code) {}
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) {
      base::Fail(code_, "{}: arrays and objects are nested more than {} deep", name_, kMaxDepth);
    }
    if (event == Json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      if (!open_.back().insert(key).second) {
        base::Fail(code_, "{}: the field '{}' stands twice in one object", name_, key);
      }
    }
    return true;
  }

 private:
  const std::string& name_;
  base::Code code_;
  std::vector<std::set<std::string>> open_;
};

}  // namespace

Json ParseJson(std::string_view text, const std::string& name, base::Code code, bool comments) {
  try {
    Strictness strictness(name, code);
    return Json::parse(text, std::ref(strictness), true, comments);
  } catch (const Json::parse_error& error) {
    const std::string what = error.what();  // "[json.exception...] parse error at line 1, ...: WHY"
    std::string why = what.substr(what.find(": ") + 2);
    if (why.size() > kMaxWhyBytes) {
      why = why.substr(0, kMaxWhyBytes) + "...";
    }
    base::Fail(code, "{}: {}: {}", name, Place(text, error.byte), why);
  } catch (const Json::out_of_range&) {
    base::Fail(code, "{}: a number in it is too large", name);
  }
}

JsonFields::JsonFields(const Json& object, std::string path, base::Code code)
    : JsonFields(object, std::move(path), code, ".") {}

JsonFields JsonFields::OfFile(const Json& object, std::string name_of_file, base::Code code) {
  return {object, std::move(name_of_file), code, ": "};
}

JsonFields::JsonFields(const Json& object, std::string path, base::Code code,
                       std::string_view separator)
    : object_(object), path_(std::move(path)), code_(code), separator_(separator) {
  if (!object.is_object()) {
    base::Fail(code_, "{}: expected an object, found {}", path_, object.type_name());
  }
}

std::string JsonFields::PathOf(const std::string& field) const {
  return fmt::format("{}{}{}", path_, separator_, field);
}

void JsonFields::FailAt(const std::string& field, std::string_view why) const {
  base::Fail(code_, "{}: {}", PathOf(field), why);
}

bool JsonFields::Has(const std::string& field) const { return object_.contains(field); }

const Json* JsonFields::Find(const std::string& field) {
  known_.push_back(field);
  const auto found = object_.find(field);
  return found == object_.end() ? nullptr : &*found;
}

std::optional<std::string> JsonFields::OptionalString(const std::string& field) {
  const Json* value = Find(field);
  if (value == nullptr || value->is_null()) {
    return std::nullopt;
  }
  if (!value->is_string()) {
    FailAt(field, fmt::format("expected a string, found {}", value->type_name()));
  }
  return value->get<std::string>();
}

std::string JsonFields::String(const std::string& field) {
  std::optional<std::string> value = OptionalString(field);
  if (!value) {
    FailAt(field, "this field is missing; it is a string");
  }
  return *std::move(value);
}

std::string JsonFields::String(const std::string& field, std::string otherwise) {
  return OptionalString(field).value_or(std::move(otherwise));
}

bool JsonFields::Bool(const std::string& field, bool otherwise) {
  const Json* value = Find(field);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    FailAt(field, fmt::format("expected true or false, found {}", value->type_name()));
  }
  return value->get<bool>();
}

uint64_t JsonFields::Number(const std::string& field, uint64_t least, uint64_t most,
                            std::optional<uint64_t> otherwise) {
  const Json* value = Find(field);
  if (value == nullptr && otherwise) {
    return *otherwise;
  }
  if (value == nullptr || !value->is_number_unsigned() || value->get<uint64_t>() < least ||
      value->get<uint64_t>() > most) {
    FailAt(field, fmt::format("expected a whole number from {} to {}", least, most));
  }
  return value->get<uint64_t>();
}

std::vector<std::string> JsonFields::Strings(const std::string& field) {
  std::vector<std::string> out;
  for (const Json& value : Array(field)) {
    if (!value.is_string()) {
      FailAt(field, fmt::format("expected an array of strings, found {} in it", value.type_name()));
    }
    out.push_back(value.get<std::string>());
  }
  return out;
}

std::map<std::string, std::string> JsonFields::StringMap(const std::string& field) {
  std::map<std::string, std::string> out;
  EachMember(field, [&](const std::string& key, const Json& value) {
    if (!value.is_string()) {
      FailAt(field + "." + key, fmt::format("expected a string, found {}", value.type_name()));
    }
    out.emplace(key, value.get<std::string>());
  });
  return out;
}

const Json& JsonFields::Object(const std::string& field) {
  static const Json kEmpty = Json::object();
  const Json* value = Find(field);
  if (value == nullptr) {
    return kEmpty;
  }
  if (!value->is_object()) {
    FailAt(field, fmt::format("expected an object, found {}", value->type_name()));
  }
  return *value;
}

const Json& JsonFields::Array(const std::string& field) {
  static const Json kEmpty = Json::array();
  const Json* value = Find(field);
  if (value == nullptr) {
    return kEmpty;
  }
  if (!value->is_array()) {
    FailAt(field, fmt::format("expected an array, found {}", value->type_name()));
  }
  return *value;
}

void JsonFields::EachMember(
    const std::string& field,
    const std::function<void(const std::string& key, const Json& value)>& read) {
  const Json& object = Object(field);
  for (auto member = object.begin(); member != object.end(); ++member) {
    read(member.key(), member.value());
  }
}

void JsonFields::Done() const {
  for (auto member = object_.begin(); member != object_.end(); ++member) {
    const std::string& field = member.key();
    if (std::find(known_.begin(), known_.end(), field) != known_.end()) {
      continue;
    }
    const auto nearest = std::min_element(
        known_.begin(), known_.end(),
        [&](const auto& a, const auto& b) { return Distance(a, field) < Distance(b, field); });
    base::Fail(
        code_, "{}: unknown field '{}'{}", path_, field,
        nearest == known_.end() ? "" : fmt::format("; the nearest known one is '{}'", *nearest));
  }
}

}  // namespace images
