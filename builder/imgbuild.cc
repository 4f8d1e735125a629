#include "builder/imgbuild.h"

#include "base/cli.h"
#include "base/log.h"
#include "base/version.h"
#include "builder/build_command.h"
#include "builder/catalog_command.h"
#include "builder/init_command.h"
#include "builder/inspect/image_commands.h"
#include "builder/inspect/image_texts.h"
#include "builder/sign_command.h"
#include "builder/try_command.h"

namespace builder {
namespace {

constexpr const char* kExamples = R"(
Examples:
  imgbuild nginx                    images/nginx.json; prints the image's folder
  imgbuild --target lz4 nginx       for Linux before 6.10, and Flatcar
  imgbuild nginx --source ./result  its services, with another source
  imgbuild --name web --exec "/bin/web -v" .#web    without a definition
  imgbuild --name nginx --elf /usr/sbin/nginx
  imgbuild --name app --oci app.tar

To begin with a ready definition (nginx, postgresql, redis, ...):
  imgbuild catalog                  lists them
  imgbuild catalog nginx --write    writes images/nginx.json, and an example
To start, and to run an image without a host (each command has --help):
  imgbuild init ./app.py            looks at a program, writes its definition
  imgbuild init ./server -- --port 8080
  imgbuild try app                  builds it, runs it a moment, reports

To look into an image (NAME or its folder; each command has --help and --json):
  imgbuild inspect nginx            its content, and the size of each package
  imgbuild diff OLD_DIR nginx       packages that differ, and what a push sends
  imgbuild verify nginx             reads all of it again
  imgbuild extract nginx FOLDER     unpacks it
  imgbuild preview nginx            its systemd units, as a host renders them
  imgbuild sbom nginx               its packages, for scanners (CycloneDX)

To release it, and to send it to a host:
  imgbuild sign nginx               signs it: some hosts take nothing else
  imgpush HOST nginx
)";

}  // namespace

int RunImgbuild(const std::vector<std::string>& arguments, const base::Io& io) {
  const base::LogOutput log(io);
  if (!arguments.empty() && IsImageCommand(arguments[0])) {
    return RunImageCommand(arguments, io);
  }
  if (!arguments.empty() && arguments[0] == "catalog") {
    return RunCatalog({arguments.begin() + 1, arguments.end()}, io);
  }
  if (!arguments.empty() && arguments[0] == kSignCommand) {
    return RunSign({arguments.begin() + 1, arguments.end()}, io);
  }
  if (!arguments.empty() && arguments[0] == kTryCommand) {
    return RunTry({arguments.begin() + 1, arguments.end()}, io);
  }
  if (!arguments.empty() && arguments[0] == kInitCommand) {
    return RunInit({arguments.begin() + 1, arguments.end()}, io);
  }
  BuildOptions options;
  CLI::App app("Packs an application's closure into a compressed EROFS image.", "imgbuild");
  app.set_version_flag("--version", base::kVersion);
  app.footer(kExamples);
  AddBuildOptions(app, options);
  bool json = false;
  app.add_flag("--json", json, "Print the built image as one JSON object");
  if (!base::ParseArguments(app, arguments, io)) {
    return 0;
  }
  const std::string path = Build(options, io);
  io.WriteOut(json ? BuiltJson(images::ImageDirectory(path)) : path + "\n");
  return 0;
}

}  // namespace builder
