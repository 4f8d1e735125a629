#include "builder/inspect/image_report.h"

#include <sys/stat.h>

#include <set>
#include <utility>
#include <vector>

#include "base/file.h"
#include "builder/inspect/file_owners.h"
#include "builder/read/image_reader.h"
#include "chunker/codec_table.h"

namespace builder {
namespace {

constexpr size_t kLongestExtension = 8;

std::string ExtensionOf(const std::string& path) {
  const std::string name = base::BaseName(path);
  const size_t dot = name.rfind('.');
  const bool is_one = dot != std::string::npos && dot > 0 && name.size() - dot <= kLongestExtension;
  return is_one ? name.substr(dot) : "other";
}

class Reporter {
 public:
  explicit Reporter(const images::ImageDirectory& image)
      : image_(image), reader_(image.image_path()), owners_(image, reader_) {}

  ImageReport Run() {
    reader_.Walk([&](const ImageEntry& entry) {
      if (S_ISREG(entry.stat.mode) && seen_.insert(entry.nid).second) {
        Count(entry);
      }
    });
    SharePacked();
    out_.metadata_bytes = image_.manifest().image.size_bytes - data_bytes_;
    return std::move(out_);
  }

 private:
  struct PackedPart {
    ImageShare* package;
    ImageShare* type;
    uint64_t content_bytes;
  };

  void Count(const ImageEntry& entry) {
    ImageShare& package = PackageOf(entry);
    ImageShare& type = out_.by_file_type[TypeOf(entry)];
    uint64_t image_bytes = 0;
    for (const LiberofsExtent& extent : reader_.Extents(entry)) {
      if (extent.packed) {
        packed_.push_back({&package, &type, extent.content_bytes});
      } else if (stored_.insert(extent.image_offset).second) {
        image_bytes += extent.image_bytes;
      } else {
        out_.dedupe_saved_bytes += extent.image_bytes;
      }
    }
    data_bytes_ += image_bytes;
    ++out_.files;
    out_.content_bytes += entry.stat.size_bytes;
    for (ImageShare* share : {&package, &type}) {
      ++share->files;
      share->content_bytes += entry.stat.size_bytes;
      share->image_bytes += image_bytes;
    }
  }

  ImageShare& PackageOf(const ImageEntry& entry) {
    FileOwner owner = owners_.Of(entry);
    PackageShare& out = out_.by_package[owner.path.empty() ? owner.name : owner.path];
    if (out.name.empty()) {
      out.path = owner.path.empty() ? entry.path : owner.path;
      out.name = std::move(owner.name);
    }
    return out;
  }

  void SharePacked() {
    const ImageReader::Packed packed = reader_.PackedInode();
    data_bytes_ += packed.image_bytes;
    uint64_t whole = 0;
    for (const PackedPart& part : packed_) {
      whole += part.content_bytes;
    }
    const double bytes_per_byte =
        whole == 0 ? 0 : static_cast<double>(packed.image_bytes) / static_cast<double>(whole);
    std::map<ImageShare*, uint64_t> content;
    for (const PackedPart& part : packed_) {
      content[part.package] += part.content_bytes;
      content[part.type] += part.content_bytes;
    }
    for (const auto& [share, bytes] : content) {
      share->image_bytes += static_cast<uint64_t>(static_cast<double>(bytes) * bytes_per_byte);
    }
  }

  std::string TypeOf(const ImageEntry& entry) {
    std::string extension = ExtensionOf(entry.path);
    const bool may_be_program =
        (entry.stat.mode & 0111) != 0 || entry.path.find(".so") != std::string::npos;
    if (!may_be_program || entry.stat.size_bytes < 4) {
      return extension;
    }
    const std::string start = reader_.ReadStart(entry, 4);
    if (start ==
        "\x7f"
        "ELF") {
      return "ELF";
    }
    return start.starts_with("#!") ? "script" : extension;
  }

  const images::ImageDirectory& image_;
  ImageReader reader_;
  FileOwners owners_;
  ImageReport out_;
  std::set<uint64_t> seen_;    // inodes: one may have several names
  std::set<uint64_t> stored_;  // offsets of extents
  std::vector<PackedPart> packed_;
  uint64_t data_bytes_ = 0;
};

}  // namespace

ImageReport ReportOf(const images::ImageDirectory& image) { return Reporter(image).Run(); }

std::string RequiredKernel(const images::Manifest& manifest) {
  return chunker::CodecNamed(manifest.image.codec.name).kernel;
}

}  // namespace builder
