#include "builder/try_command.h"

#include <algorithm>
#include <optional>

#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/build_command.h"
#include "builder/trial/trial.h"
#include "builder/trial/trial_report.h"
#include "images/version/image_choice.h"

namespace builder {
namespace {

struct TryOptions {
  BuildOptions build;
  std::string image;
  std::string service;
  uint64_t seconds = 10;
  bool builds = true;
  bool use_systemd = true;
  bool all = false;
  bool json = false;
};

void AddTryOptions(CLI::App& app, TryOptions& options) {
  app.add_option("NAME", options.image, "Definition to build and try, or an image's directory")
      ->required();
  app.add_option("--seconds", options.seconds,
                 "Ends the trial after that time, or when the check passes")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_option("--service", options.service, "Only this service; otherwise one after the other")
      ->type_name("NAME");
  app.add_flag("!--no-build", options.builds, "Try the image that was built last");
  app.add_flag("!--no-systemd", options.use_systemd,
               "Use namespaces alone, also as root where systemd runs");
  app.add_option("--definitions", options.build.definitions, "Folder of the image definitions")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--output", options.build.output, "Folder of the built images")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--all", options.all, "Report also what programs usually look for in vain");
  app.add_flag("--json", options.json, "Report as JSON");
}

images::ImageDirectory ImageOf(TryOptions& options, const base::Io& io) {
  const bool is_directory = options.image.find('/') != std::string::npos;
  if (!options.builds || is_directory) {
    return images::ChooseImage(options.build.output, options.image);
  }
  options.build.what = {options.image};
  return images::ImageDirectory(Build(options.build, io));
}

std::vector<std::string> ServicesOf(const images::ImageDirectory& image,
                                    const std::string& wanted) {
  std::vector<std::string> out;
  for (const auto& [name, service] : image.manifest().services) {
    if (wanted.empty() || wanted == name) {
      out.push_back(name);
    }
  }
  if (out.empty()) {
    base::Fail(base::ExitCode::kUsage, "{} has no service{}{}", image.manifest().name,
               wanted.empty() ? "" : " ", wanted);
  }
  return out;
}

// What was found is told, whatever a later service throws.
std::vector<TrialReport> TryAll(const images::ImageDirectory& image, const TryOptions& options,
                                const base::Io& io) {
  std::vector<TrialReport> out;
  const auto tell_json = [&] {
    if (options.json) {
      io.WriteOut(TrialsJson(out));
    }
  };
  try {
    for (const std::string& service : ServicesOf(image, options.service)) {
      out.push_back(TryService(
          image, service,
          {std::chrono::seconds(options.seconds), false, PlaceHere(options.use_systemd)}, io));
      if (!options.json) {
        io.WriteOut(TrialText(out.back(), options.all));
      }
    }
  } catch (const base::Error&) {
    if (!out.empty()) {
      tell_json();
    }
    throw;
  }
  tell_json();
  return out;
}

}  // namespace

int RunTry(const std::vector<std::string>& arguments, const base::Io& io) {
  TryOptions options;
  CLI::App app("Runs an image's services for a moment as a host would, and reports.",
               "imgbuild try");
  AddTryOptions(app, options);
  if (!base::ParseArguments(app, arguments, io)) {
    return 0;
  }
  const images::ImageDirectory image = ImageOf(options, io);
  if (image.manifest().architecture != images::MachineArchitecture()) {
    base::Fail(base::ExitCode::kFailed, "{} is for {}, and this machine is {}",
               image.manifest().name, image.manifest().architecture, images::MachineArchitecture());
  }
  const std::vector<TrialReport> reports = TryAll(image, options, io);
  return std::all_of(reports.begin(), reports.end(),
                     [](const TrialReport& report) { return report.record.stood; })
             ? 0
             : static_cast<int>(base::ExitCode::kFailed);
}

}  // namespace builder
