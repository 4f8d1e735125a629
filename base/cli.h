// Parses the command line of a tool with CLI11. Help and version are results; a wrong command line
// is one line of error and exit 2. Every tool has --log-level.
#ifndef SLIPWAY_BASE_CLI_H_
#define SLIPWAY_BASE_CLI_H_

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "base/printable.h"

namespace base {

// Help in lines of at most 80 columns. CLI11's own lines also list the checks and the exclusions of
// an option, and are as long as its text.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("UINT", "N");
    KeepLines(*this);
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string left = option->get_name(is_positional, !is_positional);
    if (const size_t at = left.find("{false}"); at != std::string::npos) {
      left.erase(at);  // of a flag's negation
    }
    const std::string type = option->get_type_name();
    if (option->get_type_size() != 0 && !is_positional && !type.empty()) {
      left += " " + get_label(type.substr(0, type.find(':')));  // the checks come behind
    }
    if (!option->get_default_str().empty()) {
      left += "=" + option->get_default_str();
    }
    return Row(left, option->get_description());
  }

  std::string make_option_usage(const CLI::Option* option) const override {
    const std::string name =
        option->get_name(true, false) + (option->get_expected_max() > 1 ? "..." : "");
    return option->get_required() ? name : "[" + name + "]";
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return Row(command->get_name(), command->get_description());
  }

 private:
  static constexpr size_t kColumns = 80;

  // CLI11 2.5 and newer wrap the text below the options, examples included.
  template <typename Formatter>
  static void KeepLines(Formatter& formatter) {
    if constexpr (requires { formatter.enable_footer_formatting(false); }) {
      formatter.enable_footer_formatting(false);
    }
  }

  std::string Row(const std::string& left, const std::string& text) const {
    const size_t column = get_column_width();
    std::string out = "  " + left;
    size_t at = out.size();
    const auto next_line = [&] {
      out += '\n' + std::string(column, ' ');
      at = column;
    };
    if (at >= column) {
      next_line();
    } else {
      out.append(column - at, ' ');
      at = column;
    }
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      if (at > column && at + 1 + word.size() > kColumns) {
        next_line();
      }
      const std::string gap = at > column ? " " : "";
      out += gap + word;
      at += gap.size() + word.size();
    }
    return out + "\n";
  }
};

inline void UseFormatter(CLI::App& app, const std::shared_ptr<HelpFormatter>& formatter) {
  app.formatter(formatter);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    UseFormatter(*command, formatter);
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
  UseFormatter(app, std::make_shared<HelpFormatter>());
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

// What may stand behind a number, and how much it is then multiplied by.
using Units = std::map<std::string, uint64_t>;

inline constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// Takes a whole number with one of `units`, which must come to `low` to `high`, and makes it one
// without. Of others it is said that they are `what`: "no rate: use 500K or 2M".
inline CLI::Validator Number(uint64_t low, uint64_t high, const Units& units,
                             const std::string& what) {
  return {[=](std::string& text) -> std::string {
            uint64_t number = 0;
            const char* const end = text.data() + text.size();
            const auto [rest, error] = std::from_chars(text.data(), end, number);
            const auto unit = units.find(std::string(rest, end));
            if (error != std::errc() || unit == units.end() || number > high / unit->second ||
                number * unit->second < low) {
              return fmt::format("'{}' is {}", Printable(text), what);
            }
            text = std::to_string(number * unit->second);
            return "";
          },
          ""};
}

inline CLI::Validator Number(uint64_t low, uint64_t high) {
  return Number(low, high, {{"", 1}},
                fmt::format("no whole number from {} to {}, such as {}", low, high,
                            std::clamp<uint64_t>(8, low, high)));
}

// "60", "60s" and "1m" are the same.
inline CLI::Validator Seconds(uint64_t low, uint64_t high) {
  return Number(low, high, {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}},
                fmt::format("no time from {} s to {} h: use seconds, minutes or hours, as in 60, "
                            "60s or 1m",
                            low, high / 3600));
}

// 2M, 2MB and 2mb are 2'000'000 bytes, 2MiB are 2'097'152.
inline Units SizeUnits() {
  Units out = {{"", 1}, {"B", 1}, {"b", 1}};
  uint64_t decimal = 1;
  uint64_t binary = 1;
  for (const char letter : std::string("KMGTPE")) {
    decimal *= 1000;
    binary *= 1024;
    for (const int c : {static_cast<int>(letter), std::tolower(letter)}) {
      const std::string prefix(1, static_cast<char>(c));
      for (const char* byte : {"", "B", "b"}) {
        out[prefix + byte] = decimal;
        out[prefix + "i" + byte] = binary;
      }
    }
  }
  return out;
}

inline void AddSeconds(CLI::App& app, const std::string& name, std::optional<uint64_t>& out,
                       const std::string& text, uint64_t low = 0, uint64_t high = 3600) {
  app.add_option(name, out, text)->type_name("S")->transform(Seconds(low, high));
}

}  // namespace base

#endif  // SLIPWAY_BASE_CLI_H_
