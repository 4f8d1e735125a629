// What every tool does with CLI11: help and version are results, a wrong command line is one line
// and exit 2, --log-level is understood.
#ifndef SLIPWAY_BASE_CLI_H_
#define SLIPWAY_BASE_CLI_H_

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/log.h"

namespace base {

// CLI11 2.5 and newer wrap the text below the options at 80 columns, examples included.
template <typename Formatter>
void KeepLines(Formatter& formatter) {
  if constexpr (requires { formatter.enable_footer_formatting(false); }) {
    formatter.enable_footer_formatting(false);
  }
}

inline CLI::Option& LogLevelOption(CLI::App& app) {
  CLI::Option* option = app.get_option_no_throw("--log-level");
  if (option == nullptr) {
    option = app.add_option("--log-level")
                 ->description(
                     "Log to standard error: debug, info, warning (default), error or "
                     "off; instead of $SLIPWAY_LOG")
                 ->type_name("LEVEL")
                 ->check([](const std::string& text) {
                   return ParseLogLevel(text) ? ""
                                              : "'" + text +
                                                    "' is no level: use debug, info, warning, "
                                                    "error or off";
                 });
  }
  return *option;
}

// True: go on. False: help or version was asked for and printed. Throws Error{kUsage} for a wrong
// command line. Sets the level of the log.
inline bool ParseArguments(CLI::App& app, const std::vector<std::string>& arguments, const Io& io) {
  KeepLines(*app.get_formatter());
  const CLI::Option& log_level = LogLevelOption(app);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(),
                                       arguments.rend()));  // CLI11 takes them reversed
    SetLogLevel(log_level.count() > 0 ? *ParseLogLevel(log_level.results().back())
                                      : LogLevelOfEnvironment());
    return true;
  } catch (const CLI::CallForHelp&) {
    io.WriteOut(app.help());
  } catch (const CLI::CallForAllHelp&) {
    io.WriteOut(app.help("", CLI::AppFormatMode::All));
  } catch (const CLI::CallForVersion&) {
    io.WriteOut(app.version() + "\n");
  } catch (const CLI::ParseError& error) {
    std::string why = error.what();
    std::replace(why.begin(), why.end(), '\n', ' ');
    Fail(ExitCode::kUsage, "{}; see {} --help", why, app.get_name());
  }
  return false;
}

// An option that is a time: "60", "60s" and "1m" are the same.
inline void AddSeconds(CLI::App& app, const std::string& name, std::optional<uint64_t>& out,
                       const std::string& text) {
  app.add_option(name, out, text)
      ->type_name("S")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, uint64_t>{{"s", 1}, {"m", 60}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::Range(0, 3600));
}

}  // namespace base

#endif  // SLIPWAY_BASE_CLI_H_
