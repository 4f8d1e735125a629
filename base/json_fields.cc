#include "base/json_fields.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>

#include "base/nearest.h"

namespace base {
namespace {

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

// Counts the lines that a parser has read: nlohmann says only at an error where it is.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, size_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *line_ += *at_ == '\n' ? 1 : 0;
    ++at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  size_t* line_;
};

// What nlohmann lets pass: objects and arrays nested so deeply that they could exhaust a stack, and
// the first of two equal keys, which it drops; a person who wrote both must be told. Notes each
// field's line on the way.
class Strictness {
 public:
  Strictness(const std::string& name, base::ExitCode code, const size_t& line, FieldLines* lines,
             Problems* repeated)
      : name_(name), code_(code), line_(line), lines_(lines), repeated_(repeated) {}
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) {
      base::Fail(code_, "{}: arrays and objects are nested more than {} deep", name_, kMaxDepth);
    }
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      const bool array = event == Json::parse_event_t::array_start;
      open_.push_back({NextPath(), array, 0, {}, ""});
      if (lines_ != nullptr) {
        lines_->emplace(open_.size() == 1 ? name_ : open_.back().path, line_);
      }
    } else if (event == Json::parse_event_t::object_end ||
               event == Json::parse_event_t::array_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      AddKey(parsed.get<std::string>());
    } else {
      NextPath();
    }
    return true;
  }

 private:
  struct Open {
    std::string path;
    bool array;
    size_t index;
    std::map<std::string, size_t> keys;  // and their lines
    std::string key;
  };

  // Of the value that comes now.
  std::string NextPath() {
    if (open_.empty()) {
      return name_ + ":";
    }
    Open& in = open_.back();
    return in.array ? fmt::format("{}[{}]", in.path, in.index++) : PathOf(in.key);
  }
  std::string PathOf(const std::string& key) const {
    return open_.back().path + (open_.size() == 1 ? " " : ".") + key;
  }
  void AddKey(const std::string& key) {
    const auto [first, is_new] = open_.back().keys.emplace(key, line_);
    open_.back().key = key;
    if (!is_new) {
      const base::Error error(
          code_, fmt::format("{}: this field appears twice in one object (lines {} and {})",
                             PathOf(key), first->second, line_));
      if (repeated_ == nullptr) {
        throw base::Error(error);
      }
      repeated_->Try([&] { throw base::Error(error); });
    }
    if (lines_ != nullptr) {
      lines_->emplace(PathOf(key), line_);
    }
  }

  const std::string& name_;
  base::ExitCode code_;
  const size_t& line_;
  FieldLines* lines_;
  Problems* repeated_;
  std::vector<Open> open_;
};

}  // namespace

std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json ParseJson(std::string_view text, const std::string& name, base::ExitCode code, bool comments,
               FieldLines* lines, Problems* repeated) {
  try {
    size_t line = 1;
    Strictness strictness(name, code, line, lines, repeated);
    return Json::parse(CountingIterator(text.data(), &line),
                       CountingIterator(text.data() + text.size(), &line), std::ref(strictness),
                       true, comments);
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

namespace {

// Of the field that `message` starts with; 0: none.
size_t LineOf(const std::string& message, const FieldLines& lines) {
  constexpr std::string_view kUnknown = ": unknown field '";
  size_t line = 0;
  size_t longest = 0;
  for (const auto& [path, at] : lines) {
    const size_t separator = std::min(path.find_last_of(". "), path.size() - 1);
    const bool named =
        (message.starts_with(path) && message.size() > path.size() &&
         std::string_view(": .[").find(message[path.size()]) != std::string_view::npos) ||
        message.starts_with(path.substr(0, separator - (path[separator] == ' ')) +
                            std::string(kUnknown) + path.substr(separator + 1) + "'");
    if (named && path.size() > longest) {
      line = at;
      longest = path.size();
    }
  }
  return line;
}

}  // namespace

base::Error WithLine(const base::Error& error, const FieldLines& lines) {
  const size_t line = LineOf(error.what(), lines);
  return line == 0 ? error
                   : base::Error(error.code(), fmt::format("{} (line {})", error.what(), line),
                                 error.detail());
}

Problems WithLines(const Problems& problems, const FieldLines& lines) {
  std::vector<Error> all = problems.all();
  std::stable_sort(all.begin(), all.end(), [&](const Error& one, const Error& other) {
    return LineOf(one.what(), lines) < LineOf(other.what(), lines);
  });
  Problems out;
  for (const Error& error : all) {
    out.Try([&] { throw WithLine(error, lines); });
  }
  return out;
}

JsonFields::JsonFields(const Json& object, std::string path, base::ExitCode code)
    : JsonFields(object, std::move(path), code, ".") {}

JsonFields JsonFields::OfFile(const Json& object, std::string name_of_file, base::ExitCode code) {
  return {object, std::move(name_of_file), code, ": "};
}

JsonFields::JsonFields(const Json& object, std::string path, base::ExitCode code,
                       std::string_view separator)
    : object_(object), path_(std::move(path)), code_(code), separator_(separator) {
  if (!object.is_object()) {
    base::Fail(code_, "{}: expected an object, found {}", path_, object.type_name());
  }
}

std::string JsonFields::PathOf(const std::string& field) const {
  return fmt::format("{}{}{}", path_, separator_, field);
}

JsonFields JsonFields::Nested(const Json& value, const std::string& field) const {
  JsonFields out(value, PathOf(field), code_);
  out.collected_ = collected_;
  return out;
}

void JsonFields::FailAt(const std::string& field, std::string_view why) const {
  base::Fail(code_, "{}: {}", PathOf(field), why);
}

bool JsonFields::IsRead(const std::string& field) const {
  return collected_ == nullptr || !collected_->unread.contains(PathOf(field));
}

void JsonFields::Report(const std::string& field, std::string_view why) const {
  if (IsRead(field)) {
    Try([&] { FailAt(field, why); });
  }
}

void JsonFields::ReportUnread(const std::string& field, std::string_view why) const {
  Report(field, why);
  MarkUnread(field);
}

void JsonFields::MarkUnread(const std::string& field) const {
  if (collected_ != nullptr) {
    collected_->unread.insert(PathOf(field));
  }
}

bool JsonFields::Has(const std::string& field) const { return object_.contains(field); }

bool JsonFields::IsNumber(const std::string& field) const {
  return Has(field) && object_.at(field).is_number();
}

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
    ReportUnread(field, fmt::format("expected a string, found {}", value->type_name()));
    return std::nullopt;
  }
  return value->get<std::string>();
}

std::string JsonFields::String(const std::string& field) {
  std::optional<std::string> value = OptionalString(field);
  if (!value) {
    ReportUnread(field, "this field is missing; it is a string");
  }
  return std::move(value).value_or("");
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
    ReportUnread(field, fmt::format("expected true or false, found {}", value->type_name()));
    return otherwise;
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
    ReportUnread(field, fmt::format("expected a whole number from {} to {}", least, most));
    return otherwise.value_or(least);
  }
  return value->get<uint64_t>();
}

int64_t JsonFields::SignedNumber(const std::string& field, int64_t least, int64_t most) {
  const Json* value = Find(field);
  // Of an unsigned number that is larger than any signed one, get() makes a negative one.
  const bool is_number = value != nullptr && value->is_number_integer() &&
                         (!value->is_number_unsigned() || value->get<uint64_t>() <= kAnyNumber);
  if (!is_number || value->get<int64_t>() < least || value->get<int64_t>() > most) {
    ReportUnread(field, fmt::format("expected a whole number from {} to {}", least, most));
    return least;
  }
  return value->get<int64_t>();
}

std::vector<std::string> JsonFields::Strings(const std::string& field) {
  std::vector<std::string> out;
  for (const Json& value : Array(field)) {
    if (!value.is_string()) {
      ReportUnread(field,
                   fmt::format("expected an array of strings, found {} in it", value.type_name()));
      return {};
    }
    out.push_back(value.get<std::string>());
  }
  return out;
}

Sha256 JsonFields::Digest(const std::string& field) { return DigestAt(field, String(field)); }

Sha256 JsonFields::DigestAt(const std::string& field, const std::string& digits) const {
  const std::optional<Sha256> digest = Sha256::FromHex(digits);
  if (!digest) {
    FailAt(field, "expected a SHA-256: 64 lower-case hexadecimal digits");
  }
  return *digest;
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
    ReportUnread(field, fmt::format("expected an object, found {}", value->type_name()));
    return kEmpty;
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
    ReportUnread(field, fmt::format("expected an array, found {}", value->type_name()));
    return kEmpty;
  }
  return *value;
}

void JsonFields::EachMember(
    const std::string& field,
    const std::function<void(const std::string& key, const Json& value)>& read) {
  const Json& object = Object(field);
  for (auto member = object.begin(); member != object.end(); ++member) {
    Try([&] { read(member.key(), member.value()); });
  }
}

bool JsonFields::Done() const {
  bool is_all_known = true;
  for (auto member = object_.begin(); member != object_.end(); ++member) {
    const std::string& field = member.key();
    if (std::find(known_.begin(), known_.end(), field) != known_.end()) {
      continue;
    }
    const std::string nearest = NearestOf(field, known_);
    std::string remedy;
    if (!nearest.empty()) {
      remedy = fmt::format("; the nearest known one is '{}'", nearest);
    } else if (!known_.empty()) {
      remedy = fmt::format("; the known ones are {}", fmt::join(known_, ", "));
    }
    is_all_known = false;
    Try([&] { base::Fail(code_, "{}: unknown field '{}'{}", path_, field, remedy); });
  }
  return is_all_known;
}

}  // namespace base
