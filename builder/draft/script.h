// Scripts: the program that their first line names, and the files that belong to them.
#ifndef SLIPWAY_BUILDER_DRAFT_SCRIPT_H_
#define SLIPWAY_BUILDER_DRAFT_SCRIPT_H_

#include <optional>
#include <string>
#include <vector>

namespace builder {

struct Script {
  std::string interpreter;             // absolute, an ELF program of this machine
  std::vector<std::string> arguments;  // of its first line
  std::string language;                // "python", "node", "perl", "ruby", "shell"; or empty
};

// nullopt: `path` has no first line with "#!", nor an ending that says what runs it. Throws
// Error{kFailed} where this machine lacks the program.
std::optional<Script> ReadScript(const std::string& path);

// The script that a folder of sources is run with, a file's name; empty: none, or several.
std::string MainScriptOf(const std::string& folder);

// What of a script's folder belongs to it.
enum class Company {
  kNone,
  kSameEnding,  // the files with its ending
  kFolder,      // it looks like an application's, and is nobody's home
};
Company CompanyOf(const std::string& script);
bool HasEndingOf(const std::string& script, const std::string& name);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_DRAFT_SCRIPT_H_
