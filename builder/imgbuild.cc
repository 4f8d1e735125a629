#include "builder/imgbuild.h"

#include "base/cli.h"
#include "base/log.h"
#include "base/version.h"
#include "builder/build_command.h"
#include "builder/inspect/image_commands.h"
#include "builder/inspect/image_texts.h"

namespace builder {
namespace {

constexpr const char* kExamples = R"(
Examples:
  imgbuild nginx                  build images/nginx.json; prints build/images/nginx/ID
  imgbuild --target lz4 nginx     for hosts whose kernel has no EROFS zstd (before 6.10, Flatcar)
  imgbuild nginx --source ./result          the definition's services on another source
  imgbuild --name web --exec "/bin/web -v" .#web         without a definition
  imgbuild --name nginx --elf /usr/sbin/nginx
  imgbuild --name app --oci app.tar
Images that were built (NAME, or an image directory; each has --help and --json):
  imgbuild inspect nginx          what is in it, and what each package costs
  imgbuild diff OLD_DIR nginx     packages that differ, and what a push would send
  imgbuild verify nginx           read everything again
  imgbuild extract nginx FOLDER   unpack it
  imgbuild preview nginx          the systemd units that a host renders
)";

}  // namespace

int RunImgbuild(const std::vector<std::string>& arguments, const base::Io& io) {
  const base::LogOutput log(io);
  if (!arguments.empty() && IsImageCommand(arguments[0])) {
    return RunImageCommand(arguments, io);
  }
  BuildOptions options;
  CLI::App app("Packs an application's closure into a compressed EROFS image.", "imgbuild");
  app.set_version_flag("--version", base::kVersion);
  app.footer(kExamples);
  AddBuildOptions(app, options);
  bool json = false;
  app.add_flag("--json", json, "print what was built as one JSON object");
  if (!base::ParseArguments(app, arguments, io)) {
    return 0;
  }
  const std::string path = Build(options, io);
  io.WriteOut(json ? BuiltJson(images::ImageDirectory(path)) : path + "\n");
  return 0;
}

}  // namespace builder
