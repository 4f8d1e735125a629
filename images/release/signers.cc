#include "images/release/signers.h"

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "base/problems.h"
#include "images/release/base64.h"

namespace images {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kRevocationList("SSHKRL\n\0", 8);

// Takes the first word of `rest`; quoted blanks do not end it.
std::string_view TakeWord(std::string_view& rest) {
  size_t end = 0;
  for (bool quoted = false;
       end < rest.size() && (quoted || kBlanks.find(rest[end]) == std::string_view::npos); ++end) {
    quoted = quoted != (rest[end] == '"');
  }
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks, end), rest.size()));
  return word;
}

// The parts between commas that no quotes hold.
std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : text) {
    quoted = quoted != (c == '"');
    if (c == ',' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// What it is if it is no key and no comment; nullopt: `rest` begins with a key.
std::optional<std::string> TakeKey(std::string_view& rest) {
  const std::string_view type = TakeWord(rest);
  const std::optional<std::string> blob = FromBase64(TakeWord(rest));
  return blob && TypeOfKey(*blob) == type ? blob : std::nullopt;
}

bool HasControlCharacters(std::string_view line) {
  return std::ranges::any_of(
      line, [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f'; });
}

// "20261201", "202612010830", "20261201083000", each perhaps with a Z.
std::optional<std::chrono::system_clock::time_point> TimeOf(std::string text) {
  if (text.ends_with('Z')) {
    text.pop_back();
  }
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) ||
      !text.starts_with("20") || (text.size() != 8 && text.size() != 12 && text.size() != 14)) {
    return std::nullopt;
  }
  text.append(14 - text.size(), '0');
  std::tm fields{};
  const char* const end = ::strptime(text.c_str(), "%Y%m%d%H%M%S", &fields);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

// The text between quotes; nullopt: there are none, or more.
std::optional<std::string> Unquoted(std::string_view text) {
  if (text.size() < 3 || !text.starts_with('"') || text.find('"', 1) != text.size() - 1) {
    return std::nullopt;
  }
  return std::string(text.substr(1, text.size() - 2));
}

void TakePrincipals(std::string_view word, Signer& out) {
  for (const std::string& principal : SplitAtCommas(word)) {
    if (principal.empty() || principal.find_first_of("\"\\") != std::string::npos) {
      base::Fail(kUntrusted, "has no list of names such as alice@example.org in front of the key");
    }
    if (principal.find_first_of("*?!") != std::string::npos) {
      base::Fail(kUntrusted, "has a wildcard in '{}': name each signer",
                 base::Printable(principal));
    }
    out.principals.push_back(principal);
  }
}

void TakeTime(const std::string& option, std::string_view value,
              std::optional<std::chrono::system_clock::time_point>& out) {
  const std::optional<std::string> text = Unquoted(value);
  if (out || !text || !(out = TimeOf(*text))) {
    base::Fail(kUntrusted, "has a {} that is no time such as \"20271231\" or \"20271231235959Z\"",
               option);
  }
}

void TakeOptions(std::string_view word, Signer& out) {
  bool has_namespaces = false;
  if (word.find('\\') != std::string_view::npos) {  // to ssh-keygen, \" does not end what is quoted
    base::Fail(kUntrusted, "has a backslash in its options");
  }
  for (const std::string& option : SplitAtCommas(word)) {
    const size_t equals = std::min(option.find('='), option.size());
    const std::string name = option.substr(0, equals);
    const std::string value = option.substr(std::min(equals + 1, option.size()));
    if (option == "cert-authority") {
      out.is_authority = true;
    } else if (name == "valid-after") {
      TakeTime(name, value, out.valid_after);
    } else if (name == "valid-before") {
      TakeTime(name, value, out.valid_before);
    } else if (name == "namespaces" && std::exchange(has_namespaces, true)) {
      base::Fail(kUntrusted, "has namespaces twice: ssh-keygen would skip it");
    } else if (name != "namespaces" || !Unquoted(value)) {
      base::Fail(kUntrusted,
                 "has '{}', which is neither a key nor cert-authority, namespaces=\"...\", "
                 "valid-after=\"...\" or valid-before=\"...\"",
                 base::Printable(option, 64));
    }
  }
  if (out.valid_after && out.valid_before && *out.valid_before <= *out.valid_after) {
    base::Fail(kUntrusted, "has a valid-before that is not after its valid-after");
  }
}

Signer ParseSigner(std::string_view rest) {
  if (HasControlCharacters(rest)) {
    base::Fail(kUntrusted, "has control characters: write it anew, with plain line ends");
  }
  Signer out;
  TakePrincipals(TakeWord(rest), out);
  std::string_view behind = rest;
  std::optional<std::string> key = TakeKey(behind);
  if (!key) {
    const std::string_view options = TakeWord(rest);
    key = TakeKey(rest);
    if (!key) {
      base::Fail(kUntrusted, "is no key: ssh-keygen would skip it");
    }
    TakeOptions(options, out);
  }
  out.key = *key;
  return out;
}

// Calls `read` with each line that is neither empty nor a comment; what it throws is about the
// line.
template <typename Read>
void EachLine(const std::string& text, const std::string& name_of_file, Read read) {
  base::Problems problems;
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty() || line.front() == '#') {
      continue;
    }
    try {
      read(line, number);
    } catch (const base::Error& error) {
      problems.Add(kUntrusted, "{} line {} {}", name_of_file, number, error.what());
    }
  }
  problems.ThrowIfAny();
}

}  // namespace

std::vector<Signer> ParseSigners(const std::string& text, const std::string& name_of_file) {
  std::vector<Signer> out;
  EachLine(text, name_of_file, [&](std::string_view line, size_t number) {
    out.push_back(ParseSigner(line));
    out.back().line = number;
  });
  if (out.empty()) {
    base::Fail(kUntrusted,
               "{} names nobody, so no image would be taken: put the signers' keys there",
               name_of_file);
  }
  return out;
}

std::vector<Signer> SignersOf(const std::vector<Signer>& signers, const SigningKey& key) {
  std::vector<Signer> out;
  std::ranges::copy_if(signers, std::back_inserter(out), [&](const Signer& signer) {
    return signer.key == (signer.is_authority ? key.authority : key.blob);
  });
  return out;
}

void CheckRevoked(const std::string& content, const std::string& name_of_file) {
  if (content.starts_with(kRevocationList)) {
    return;
  }
  EachLine(content, name_of_file, [](std::string_view line, size_t) {
    if (HasControlCharacters(line) || !TakeKey(line)) {
      base::Fail(kUntrusted, "is no key: ssh-keygen would skip it");
    }
  });
}

}  // namespace images
