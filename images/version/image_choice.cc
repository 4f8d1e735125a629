#include "images/version/image_choice.h"

#include <fmt/ranges.h>

#include <set>

#include "base/error.h"
#include "base/file.h"

namespace images {
namespace {

constexpr const char* kLatest = "/latest";  // imgbuild's link to the newest ID

std::vector<std::string> BuiltNames(const std::string& images_directory) {
  std::vector<std::string> out;
  for (const std::string& name : base::ListDirectory(images_directory)) {
    if (base::Exists(images_directory + "/" + name + kLatest)) {
      out.push_back(name);
    }
  }
  return out;
}

}  // namespace

ImageDirectory ChooseImage(const std::string& images_directory, const std::string& argument) {
  if (base::Exists(argument + "/" + kManifestFile)) {
    return ImageDirectory(base::RealPath(argument));
  }
  if (argument.find('/') != std::string::npos) {
    base::Fail(base::ExitCode::kUsage, "{} is no image directory: it has no {}", argument,
               kManifestFile);
  }
  CheckName(argument, "image name");
  const std::string latest = images_directory + "/" + argument + kLatest;
  if (!base::Exists(latest)) {
    const std::vector<std::string> names = BuiltNames(images_directory);
    base::Fail(base::ExitCode::kUsage, "there is no build of {} in {} ({}); run: imgbuild {}",
               argument, images_directory,
               names.empty() ? "there are no builds"
                             : fmt::format("there are: {}", fmt::join(names, ", ")),
               argument);
  }
  return ImageDirectory(base::RealPath(latest));
}

std::vector<ImageDirectory> ChooseImages(const std::string& images_directory,
                                         const std::vector<std::string>& arguments) {
  const std::vector<std::string> chosen =
      arguments.empty() ? BuiltNames(images_directory) : arguments;
  if (chosen.empty()) {
    base::Fail(base::ExitCode::kUsage,
               "there is no build in {}; run imgbuild NAME first, or name an "
               "image directory",
               images_directory);
  }
  std::vector<ImageDirectory> out;
  std::set<std::string> names;
  for (const std::string& argument : chosen) {
    out.push_back(ChooseImage(images_directory, argument));
    if (!names.insert(out.back().manifest().name).second) {
      base::Fail(base::ExitCode::kUsage, "{} is named twice; a host runs one version of it",
                 out.back().manifest().name);
    }
  }
  return out;
}

}  // namespace images
