// Images whose digests are right, made by somebody who wants no good: each command says so in one
// line, with exit code 6.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/superblock.h"
#include "builder/image_publisher.h"
#include "builder/inspect/image_commands.h"
#include "builder/read/image_reader.h"
#include "images/version/image_directory.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/errors.h"
#include "tests/support/run.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

using testing::HasSubstr;

class HostileImageTest : public tests::ScratchTest {
 protected:
  // An image with small files and a link, after `change` of its bytes.
  void Publish(const std::function<void(std::vector<uint8_t>& bytes)>& change,
               const std::string& provenance = "{}") {
    std::mt19937_64 random(9);
    Tree tree;
    for (const char* path : {"/a", "/b", "/c"}) {
      tree.AddLiteral(path, tests::RandomText(random, 3000));
    }
    tree.AddSymlink("/link", "a");
    ImagePublisher publisher(At("built"), "app");
    const std::string path = publisher.folder() + "/" + images::kImageFile;
    const tests::Image image = tests::WriteImage(tree, path, "zstd");
    ImageReader(path).Walk([&](const ImageEntry& entry) { nids_[entry.path] = entry.nid; });
    std::vector<uint8_t> bytes = base::PRead(base::OpenForReading(path).get(), 0, 1 << 20, path);
    change(bytes);
    erofs::Le32 checksum;
    checksum = SuperblockChecksum({bytes.begin(), bytes.begin() + erofs::kBlockBytes});
    erofs::Put(&bytes[erofs::kSuperblockOffset + 4], checksum);
    chunker::ChunkIndex index;
    for (const chunker::Chunk& chunk : image.index.chunks()) {
      const base::Bytes content = base::Bytes(bytes).subspan(chunk.offset, chunk.size_bytes);
      index.Append(chunker::ChunkId{base::Sha256Of(content)}, chunk.size_bytes);
    }
    Put("image", std::string(base::AsText(bytes)));
    std::filesystem::copy_file(At("image"), path,
                               std::filesystem::copy_options::overwrite_existing);
    std::ofstream(publisher.folder() + "/" + images::kIndexFile) << index.Serialize();
    std::ofstream(publisher.folder() + "/" + images::kProvenanceFile) << provenance;
    images::Manifest manifest;
    manifest.name = "app";
    manifest.architecture = images::MachineArchitecture();
    manifest.image.codec = chunker::CodecFor("zstd", 9);
    manifest.image.block_size = erofs::kBlockBytes;
    manifest.image.layout = "aligned";
    manifest.image.required_features = {"erofs-zstd"};
    manifest.image.size_bytes = bytes.size();
    manifest.image.sha256 = base::Sha256Of(bytes);
    manifest.index_sha256 = base::Sha256Of(index.Serialize());
    manifest.services["app"].exec = {"/a"};
    publisher.Publish(manifest);
  }

  std::string Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--images", At("built")});
    const base::UniqueFd out = base::Open(At("out"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    base::Io io;
    io.out = out.get();
    RunImageCommand(arguments, io);
    return Get("out");
  }

  std::map<std::string, uint64_t> nids_;
};

// Upstream's reader went round in a circle for ever on it.
TEST_F(HostileImageTest, AnotherPackedInodeIsFoundByEachCommand) {
  Publish([&](std::vector<uint8_t>& bytes) {
    bytes[erofs::kSuperblockOffset + 96] = static_cast<uint8_t>(nids_.at("/link"));
  });
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"inspect", "app"}, {"verify", "app"}, {"extract", "app", At("unpacked")}}) {
    const base::Error error = tests::ErrorOf([&] { Run(command); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification);
    EXPECT_THAT(error.what(), HasSubstr("it cannot be the packed inode; build or push it again"));
  }
  EXPECT_FALSE(base::Exists(At("unpacked")));
  const tests::RunResult tried =
      tests::RunCommand({SLIPWAY_IMGBUILD, "try", "--no-systemd", At("built/app/latest")},
                        {.env = {"TMPDIR=" + scratch()}});
  EXPECT_EQ(tried.exit_code, 6) << tried.out;
  EXPECT_THAT(tried.err, HasSubstr("it cannot be the packed inode"));
}

TEST_F(HostileImageTest, AProvenanceMayBeNestedAsDeeplyAsItLikes) {
  constexpr size_t kDepth = 300'000;
  Publish([](std::vector<uint8_t>&) {},
          "{\"main_path\":" + std::string(kDepth, '[') + std::string(kDepth, ']') + "}");
  EXPECT_THAT(Run({"inspect", "app", "--miniserver"}), HasSubstr("\"nix_store_path\": null"));
  EXPECT_THAT(Run({"inspect", "app"}), HasSubstr("in 3 files"));
}

}  // namespace
}  // namespace builder
