#include "activator/os/dm_verity.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace activator {
namespace {

constexpr const char* kControl = "/dev/mapper/control";
constexpr const char* kTarget = "verity";
constexpr std::string_view kLibrary = "libcryptsetup.so.12";
constexpr const char* kLoaderCache = "/etc/ld.so.cache";
constexpr uint64_t kMostOfCache = uint64_t{64} << 20;

// A request to the device mapper, with room for the answer.
class DmRequest {
 public:
  explicit DmRequest(const std::string& name) {
    header_.version[0] = DM_VERSION_MAJOR;
    header_.data_size = static_cast<uint32_t>(memory_.size());
    header_.data_start = sizeof(dm_ioctl);
    std::memcpy(header_.name, name.c_str(), std::min(name.size(), sizeof(header_.name) - 1));
  }

  bool Send(unsigned long command) {
    const base::UniqueFd control(base::TheSys().Open(kControl, O_RDWR, 0));
    if (!control.valid()) {
      return false;
    }
    std::memcpy(memory_.data(), &header_, sizeof(header_));
    if (::ioctl(control.get(), command, memory_.data()) != 0) {
      return false;
    }
    std::memcpy(&header_, memory_.data(), sizeof(header_));
    return (header_.flags & DM_BUFFER_FULL_FLAG) == 0;
  }

  std::string StatusOf(std::string_view type) const { return StatusOfTarget(memory_, type); }

 private:
  dm_ioctl header_{};
  alignas(dm_ioctl) std::array<uint8_t, 4096> memory_{};
};

std::string Trimmed(std::string text) {
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text;
}

std::string ReadIfReadable(const std::string& path, uint64_t most = uint64_t{64} << 20) {
  try {
    return base::ReadFileIfThere(path, most).value_or("");
  } catch (const base::Error&) {
    return "";
  }
}

// Of a kernel that runs: built in, or a file that it would find.
bool HasModuleFile() {
  utsname kernel{};
  ::uname(&kernel);
  for (const std::string folder :
       {"/lib/modules/", "/run/booted-system/kernel-modules/lib/modules/"}) {
    for (const char* list : {"/modules.builtin", "/modules.dep"}) {
      if (ReadIfReadable(folder + kernel.release + list).find("/dm-verity.ko") !=
          std::string::npos) {
        return true;
      }
    }
  }
  return false;
}

// The kernel looks for the module itself where nothing else tells. A container shares the kernel,
// and mostly has no device mapper.
bool KernelHasIt() {
  return base::Exists(kControl) && (base::Exists("/sys/module/dm_verity") || HasModuleFile() ||
                                    DmRequest(kTarget).Send(DM_GET_TARGET_VERSION));
}

// systemd opens it when a unit wants it. A host without a loader's cache (NixOS) tells in no way
// where its systemd looks.
bool SystemdMayHaveIt() {
  const std::string cache = ReadIfReadable(kLoaderCache, kMostOfCache);
  return cache.empty() || cache.find(kLibrary) != std::string::npos;
}

std::string BlockPath(unsigned int major, unsigned int minor) {
  return fmt::format("/sys/dev/block/{}:{}", major, minor);
}

}  // namespace

std::string StatusOfTarget(base::Bytes answer, std::string_view type) {
  dm_ioctl header{};
  dm_target_spec spec{};
  if (answer.size() < sizeof(header)) {
    return "";
  }
  std::memcpy(&header, answer.data(), sizeof(header));
  const size_t begin = size_t{header.data_start} + sizeof(spec);
  if (header.target_count == 0 || begin >= answer.size()) {
    return "";
  }
  std::memcpy(&spec, answer.data() + header.data_start, sizeof(spec));
  const auto* const text = reinterpret_cast<const char*>(answer.data() + begin);
  const std::string_view found(spec.target_type,
                               ::strnlen(spec.target_type, sizeof(spec.target_type)));
  return found == type ? std::string(text, ::strnlen(text, answer.size() - begin)) : "";
}

std::string DmVerityProblem() {
  if (!KernelHasIt()) {
    return base::Exists(kControl) ? "this host's kernel has no dm-verity"
                                  : "this host has no device mapper (/dev/mapper/control)";
  }
  return SystemdMayHaveIt() ? ""
                            : "this host's systemd does not find libcryptsetup, which RootHash= "
                              "needs: apt install libcryptsetup12";
}

std::string VerityDeviceName(const base::Sha256& root) { return root.ToHex() + "-verity"; }

// "V" or "C"; later kernels say more after it.
std::optional<VerityState> VerityStateOf(const base::Sha256& root) {
  DmRequest request(VerityDeviceName(root));
  const std::string status = request.Send(DM_TABLE_STATUS) ? request.StatusOf(kTarget) : "";
  if (status.empty()) {
    return std::nullopt;
  }
  return status.front() == 'C' ? VerityState::kDamaged : VerityState::kWhole;
}

std::optional<std::string> VerityDeviceName(unsigned int major, unsigned int minor) {
  const std::string device = BlockPath(major, minor) + "/dm/";
  return ReadIfReadable(device + "uuid").starts_with("CRYPT-VERITY-")
             ? std::optional(Trimmed(ReadIfReadable(device + "name")))
             : std::nullopt;
}

std::vector<std::string> BackingFilesBelow(unsigned int major, unsigned int minor) {
  const std::string slaves = BlockPath(major, minor) + "/slaves/";
  std::vector<std::string> out;
  for (const std::string& name : base::ListDirectory(slaves)) {
    if (std::string file = Trimmed(ReadIfReadable(slaves + name + "/loop/backing_file"));
        !file.empty()) {
      out.push_back(std::move(file));
    }
  }
  return out;
}

}  // namespace activator
