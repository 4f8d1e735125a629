// Builds the command line of the user's own ssh: program, options, and words quoted so that they
// reach the other side unchanged.
#ifndef SLIPWAY_BASE_SSH_COMMAND_H_
#define SLIPWAY_BASE_SSH_COMMAND_H_

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// Splits `text` at spaces; '...' and "..." hold spaces. No shell is involved. Throws Error{kUsage}
// where a quote is not closed or nothing is there.
std::vector<std::string> SplitWords(const std::string& text);

// 'text' so that a shell takes it as it stands.
std::string ShellQuoted(const std::string& text);
// The same to be read and typed again by a person: a plain word as it is, nothing that steers a
// terminal.
std::string ShellWord(const std::string& text);

// A command line of one line that any login shell takes as it stands (sh, bash, zsh, fish, csh,
// restricted ones): sh runs the program `first` with `words` as $1 and on, and the text of `second`
// in $program. No line of either may be -- or ---; a line that begins with # and the space that
// others begin with are left out, also within quotes.
std::string ShellCommand(std::string_view first, std::string_view second,
                         const std::vector<std::string>& words);

// argv that has `command` run at `destination`. `ssh`: program and options as one text; empty:
// "ssh". It finds a dead link after 20 s, and asks nothing unless it `may_ask` on the terminal.
// `alone`: it shares no connection that is there already (ControlMaster), unless `ssh` has it do.
std::vector<std::string> SshCommandLine(
    const std::string& destination, const std::string& ssh, const std::string& command,
    std::chrono::seconds connect_timeout = std::chrono::seconds(10), bool may_ask = false,
    bool alone = false);

}  // namespace base

#endif  // SLIPWAY_BASE_SSH_COMMAND_H_
