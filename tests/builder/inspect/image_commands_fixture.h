// A folder with a built image, and the commands that look into it.
#ifndef SLIPWAY_TESTS_BUILDER_INSPECT_IMAGE_COMMANDS_FIXTURE_H_
#define SLIPWAY_TESTS_BUILDER_INSPECT_IMAGE_COMMANDS_FIXTURE_H_

#include <fcntl.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/image_publisher.h"
#include "builder/inspect/image_commands.h"
#include "images/version/image_directory.h"
#include "tests/builder/sample_trees.h"

namespace builder {

inline constexpr const char* kLib = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-lib-1.0";
inline constexpr const char* kNewLib = "/nix/store/1123456789abcdfghijklmnpqrsvwxyz-lib-1.1";
inline constexpr const char* kApp = "/nix/store/2123456789abcdfghijklmnpqrsvwxyz-app-7";

struct CommandResult {
  int code = 0;
  std::string out;
  std::string error;
};

class ImageCommandsFixture : public testing::Test {
 protected:
  static Tree SampleTree(const std::string& lib) {
    std::mt19937_64 random(3);
    const std::string text = tests::RandomText(random, 300000);
    Tree tree;
    tree.AddLiteral(lib + "/lib/lib.so",
                    "\x7f"
                    "ELF" +
                        tests::RandomBytes(random, 100000),
                    0555);
    tree.AddLiteral(std::string(kApp) + "/page.html", text);
    tree.AddLiteral(std::string(kApp) + "/copy.html", text);
    tree.AddLiteral(std::string(kApp) + "/run", "#!/bin/sh\necho\n", 0555);
    tree.AddSymlink("/bin/run", std::string(kApp) + "/run");
    tree.MakeDirectory("/empty");
    return tree;
  }

  // Publishes an image whose packages are `lib` and the app; its directory.
  std::string Build(
      const std::string& lib, const std::string& lib_version,
      const std::function<void(Tree&)>& change = [](Tree&) {}) const {
    Tree tree = SampleTree(lib);
    change(tree);
    return Publish(tree, {{lib, "sha256:x", 100004, {}, "lib", lib_version},
                          {kApp, "sha256:y", 600015, {}, "app", "7"}});
  }
  std::string Publish(const Tree& tree, const std::vector<images::ClosurePath>& closure,
                      const std::string& files = "{}") const {
    ImagePublisher publisher(built(), "app");
    images::Manifest manifest;
    manifest.image.codec = chunker::CodecFor("zstd", 9);
    const tests::Image image =
        tests::WriteImage(tree, publisher.folder() + "/" + images::kImageFile, "zstd");
    const std::string index = image.index.Serialize();
    base::WriteFileAtomically(publisher.folder() + "/" + images::kIndexFile, index);
    base::WriteFileAtomically(publisher.folder() + "/" + images::kProvenanceFile,
                              "{\"main_path\":\"/nix/store/main\",\"files\":" + files + "}");
    manifest.name = "app";
    manifest.version = "7";
    manifest.architecture = "x86_64";
    manifest.image.size_bytes = image.size_bytes;
    manifest.image.sha256 = image.sha256;
    manifest.image.block_size = 4096;
    manifest.image.layout = "aligned";
    manifest.image.required_features = {"erofs-zstd"};
    manifest.index_sha256 = base::Sha256Of(index);
    manifest.closure = closure;
    manifest.services["app"].exec = {"/bin/run"};
    return publisher.Publish(manifest);
  }

  CommandResult Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--images", built()});
    const std::string path = folder_.path() + "/out";
    CommandResult result;
    {
      const base::UniqueFd out = base::Open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
      base::Io io;
      io.out = out.get();
      try {
        result.code = RunImageCommand(arguments, io);
      } catch (const base::Error& error) {
        result.code = static_cast<int>(error.code());
        result.error = error.what();
      }
    }
    result.out = base::ReadFile(path);
    return result;
  }

  std::string built() const { return folder_.path() + "/built"; }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-commands-"};
};

}  // namespace builder

#endif  // SLIPWAY_TESTS_BUILDER_INSPECT_IMAGE_COMMANDS_FIXTURE_H_
