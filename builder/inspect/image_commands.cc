#include "builder/inspect/image_commands.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/progress.h"
#include "builder/inspect/extract.h"
#include "builder/inspect/image_release.h"
#include "builder/inspect/image_texts.h"
#include "builder/inspect/recorded_packages.h"
#include "builder/inspect/sbom.h"
#include "builder/inspect/verify.h"
#include "builder/read/guarded.h"
#include "chunker/codec_table.h"
#include "images/version/host_layout.h"
#include "images/version/image_choice.h"
#include "units/auxiliary_units.h"
#include "units/render.h"

namespace builder {
namespace {

struct Arguments {
  std::string images = "build/images";
  std::string image;
  std::string second;  // diff: the other image; extract: the folder
  std::string root = images::kDefaultRoot;
  bool json = false;
  bool miniserver = false;
  bool xattrs = true;
};

images::ImageDirectory Choose(const Arguments& arguments, const std::string& image) {
  return images::ChooseImage(arguments.images, image);
}

// A newer version may have more.
void CheckCodec(const images::ImageDirectory& image) {
  try {
    chunker::CodecNamed(image.manifest().image.codec.name);
  } catch (const base::Error& error) {
    base::Fail(base::ExitCode::kVerification, "{}: {}; inspect it with the version that built it",
               image.path(), error.what());
  }
}

void Inspect(const Arguments& arguments, const base::Io& io) {
  const images::ImageDirectory image = Choose(arguments, arguments.image);
  if (arguments.miniserver) {
    io.WriteOut(MiniserverJson(image));
    return;
  }
  CheckCodec(image);
  RunGuarded(image.image_path(), [&] {
    const ImageReport report = ReportOf(image);
    io.WriteOut(arguments.json ? ReportJson(image, report) : ReportText(image, report));
  });
}

void Diff(const Arguments& arguments, const base::Io& io) {
  const images::ImageDirectory from = Choose(arguments, arguments.image);
  const images::ImageDirectory to = Choose(arguments, arguments.second);
  const ImageDifference difference = Compare(from, to);
  io.WriteOut(arguments.json ? DifferenceJson(from, to, difference)
                             : DifferenceText(from, to, difference));
}

void VerifyImage(const Arguments& arguments, const base::Io& io) {
  const images::ImageDirectory image = Choose(arguments, arguments.image);
  Verify(image, io);
  const std::optional<images::Release> release = VerifyReleaseOf(image);
  if (arguments.json) {
    io.WriteOut(VerifiedJson(image, release));
    return;
  }
  io.Out("{}: all {} match the manifest, and every file can be read\n", image.path(),
         base::HumanBytes(image.manifest().image.size_bytes));
  io.Out("  release: {}\n", ReleaseText(release));
}

void ExtractImage(const Arguments& arguments, const base::Io& io) {
  const images::ImageDirectory image = Choose(arguments, arguments.image);
  VerifyDigests(image, io);  // what is damaged would be unpacked as if it were not
  Extract(image, arguments.second, arguments.xattrs, io);
  if (arguments.json) {
    io.WriteOut(ExtractedJson(image, base::AbsolutePath(arguments.second)));
  } else {
    io.Out("{}\n", base::AbsolutePath(arguments.second));
  }
}

void Preview(const Arguments& arguments, const base::Io& io) {
  const images::ImageDirectory image = Choose(arguments, arguments.image);
  const std::string path =
      images::HostLayout(arguments.root).Version(image.manifest().name, image.id());
  std::vector<units::RenderedUnit> units = units::Render(image.stored(), path, image.version());
  for (units::RenderedUnit& task : units::RenderAuxiliaryUnits(image.stored(), path)) {
    units.push_back(std::move(task));
  }
  if (arguments.json) {
    io.WriteOut(UnitsJson(units));
    return;
  }
  for (const units::RenderedUnit& unit : units) {
    io.Out("# {}\n{}\n", unit.name, unit.text);
  }
}

void Sbom(const Arguments& arguments, const base::Io& io) {
  const images::ImageDirectory image = Choose(arguments, arguments.image);
  const RecordedPackages packages = ReadRecordedPackages(image);
  if (packages.unread_database) {
    io.Err("note: packages that {} records were not read, and are not listed\n",
           base::Printable(*packages.unread_database));
  }
  io.WriteOut(MakeSbom(image, packages));
}

struct ImageCommand {
  const char* name;
  const char* description;
  const char* second;  // name of the second positional argument; null: none
  const char* second_description;
  void (*run)(const Arguments& arguments, const base::Io& io);
};

constexpr std::array kCommands = {
    ImageCommand{"inspect",
                 "Shows an image's content, and the size of each package and kind of file.",
                 nullptr, nullptr, &Inspect},
    ImageCommand{"diff", "Shows which packages differ, and what a push from IMAGE to OTHER sends.",
                 "OTHER", "The newer image: name or directory", &Diff},
    ImageCommand{"verify", "Reads an image again: digest, chunks, every file, and the signatures.",
                 nullptr, nullptr, &VerifyImage},
    ImageCommand{"extract", "Unpacks an image.", "FOLDER", "Folder to create; must not exist",
                 &ExtractImage},
    ImageCommand{"preview", "Prints the systemd units that a host renders from an image.", nullptr,
                 nullptr, &Preview},
    ImageCommand{"sbom", "Prints the packages of an image for scanners (CycloneDX 1.5).", nullptr,
                 nullptr, &Sbom}};

const ImageCommand* FindCommand(const std::string& word) {
  const auto* found =
      std::find_if(kCommands.begin(), kCommands.end(),
                   [&](const ImageCommand& command) { return word == command.name; });
  return found == kCommands.end() ? nullptr : found;
}

}  // namespace

bool IsImageCommand(const std::string& word) { return FindCommand(word) != nullptr; }

std::vector<std::string> ImageCommandNames() {
  std::vector<std::string> out;
  out.reserve(kCommands.size());
  for (const ImageCommand& command : kCommands) {
    out.emplace_back(command.name);
  }
  return out;
}

int RunImageCommand(const std::vector<std::string>& arguments, const base::Io& io) {
  const ImageCommand* command = FindCommand(arguments.at(0));
  if (command == nullptr) {
    base::Fail(base::ExitCode::kUsage, "'{}' is no command", arguments.at(0));
  }
  Arguments parsed;
  CLI::App app(command->description, std::string("imgbuild ") + command->name);
  app.add_option("IMAGE", parsed.image, "Name of a built image, or its directory")->required();
  if (command->second != nullptr) {
    app.add_option(command->second, parsed.second, command->second_description)->required();
  }
  app.add_option("--images", parsed.images, "Folder of the built images")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_flag("--json", parsed.json,
               command->run == &Sbom ? "The same: the document is JSON" : "Report as JSON");
  if (command->run == &Inspect) {
    app.add_flag("--miniserver", parsed.miniserver,
                 "Report under the names of miniserver's manifest.json");
  }
  if (command->run == &ExtractImage) {
    app.add_flag("!--no-xattrs", parsed.xattrs,
                 "leave extended attributes out: capabilities, access control lists");
  }
  if (command->run == &Preview) {
    app.add_option("--root", parsed.root, "The host's root directory")
        ->type_name("DIR")
        ->capture_default_str();
  }
  if (base::ParseArguments(app, {arguments.begin() + 1, arguments.end()}, io)) {
    command->run(parsed, io);
  }
  return 0;
}

}  // namespace builder
