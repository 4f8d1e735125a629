// Reads one JSON object strictly: every field by name and type. An unknown field is an error, which
// names the field and the nearest known one. Included only by files of a format.
#ifndef SLIPWAY_BASE_JSON_FIELDS_H_
#define SLIPWAY_BASE_JSON_FIELDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/problems.h"

namespace base {

using Json = nlohmann::json;  // keys sorted: dump() is canonical

// As a bound of JsonFields::Number(): any number that every reader of JSON can hold.
inline constexpr uint64_t kAnyNumber = INT64_MAX;

// `json` as text, of one line without an `indent` (spaces). What is not UTF-8, as a path may be,
// is replaced: it must not stop a message.
std::string DumpJson(const Json& json, int indent = -1);

// Where each field stands in a file: "nginx.json: services.nginx.exec" -> its line.
using FieldLines = std::map<std::string, size_t>;

// Parses `text`; // comments where `comments`. An Error of `code` says `name` and, for a syntax
// error, line and column (in bytes). Refused too: a key that stands twice in one object, which is
// kept in `repeated` instead where that is given, and nesting deeper than 64, so that whoever
// copies or prints what came from a peer needs a bounded stack.
Json ParseJson(std::string_view text, const std::string& name, base::ExitCode code,
               bool comments = false, FieldLines* lines = nullptr, Problems* repeated = nullptr);

// `error`, with the line at the end of the field that its message starts with, or of what should
// have that field.
base::Error WithLine(const base::Error& error, const FieldLines& lines);
// Each of them with its line, in the order of the lines.
Problems WithLines(const Problems& problems, const FieldLines& lines);

// What is wrong with the fields of one file, where the reading goes on after a bad one.
struct FieldProblems {
  Problems problems;
  std::set<std::string> unread;  // paths of fields whose value is not known
};

// Throws at the first bad field, or collects them: then a bad field reads as its default.
class JsonFields {
 public:
  // `object` must outlive the reader. `path` says where it stands, for messages: "nginx.json:
  // services.nginx".
  JsonFields(const Json& object, std::string path, base::ExitCode code);
  // The outermost object of a file: its fields are "nginx.json: services".
  static JsonFields OfFile(const Json& object, std::string name_of_file, base::ExitCode code);

  // From here on; what it nests does so, too. `collected` must outlive them.
  void CollectIn(FieldProblems& collected) { collected_ = &collected; }
  // An object field, or `value`, which stands at `field`.
  JsonFields Nested(const std::string& field) { return Nested(Object(field), field); }
  JsonFields Nested(const Json& value, const std::string& field) const;
  // What throws in it hides nothing else where problems are collected.
  template <typename Read>
  void Try(Read read) const {
    if (collected_ == nullptr) {
      read();
    } else {
      collected_->problems.Try(read);
    }
  }

  std::string String(const std::string& field);                         // must be there
  std::string String(const std::string& field, std::string otherwise);  // default
  std::optional<std::string> OptionalString(const std::string& field);  // absent or null: nullopt
  bool Bool(const std::string& field, bool otherwise);
  uint64_t Number(const std::string& field, uint64_t least, uint64_t most,
                  std::optional<uint64_t> otherwise = std::nullopt);
  int64_t SignedNumber(const std::string& field, int64_t least, int64_t most);
  std::vector<std::string> Strings(const std::string& field);  // default: empty
  std::map<std::string, std::string> StringMap(const std::string& field);
  Sha256 Digest(const std::string& field);

  bool Has(const std::string& field) const;       // does not count as reading it
  bool IsNumber(const std::string& field) const;  // likewise
  // The value of an object or array field, or an empty one of that kind.
  const Json& Object(const std::string& field);
  const Json& Array(const std::string& field);
  // Calls `read` for each member of an object field, in key order, as Try does.
  void EachMember(const std::string& field,
                  const std::function<void(const std::string& key, const Json& value)>& read);

  // Reports fields of the object that were not read; false: there are some.
  bool Done() const;

  const std::string& path() const { return path_; }
  base::ExitCode code() const { return code_; }
  std::string PathOf(const std::string& field) const;
  // `digits`, which stand at `field`.
  Sha256 DigestAt(const std::string& field, const std::string& digits) const;
  [[noreturn]] void FailAt(const std::string& field, std::string_view why) const;
  // FailAt, or collects it; nothing of a field whose value is not known.
  void Report(const std::string& field, std::string_view why) const;
  // Report; what follows from the field's value is not known either (IsRead).
  void ReportUnread(const std::string& field, std::string_view why) const;
  void MarkUnread(const std::string& field) const;
  bool IsRead(const std::string& field) const;

 private:
  JsonFields(const Json& object, std::string path, base::ExitCode code, std::string_view separator);
  const Json* Find(const std::string& field);

  const Json& object_;
  std::string path_;
  base::ExitCode code_;
  std::string_view separator_;
  FieldProblems* collected_ = nullptr;
  std::vector<std::string> known_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_JSON_FIELDS_H_
