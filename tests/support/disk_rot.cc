// What scripts/disk-rot runs in an image and on its host: a server whose answers are made of a data
// file and of a page of its own code, and a way to change a byte below a file system.
//   disk_rot serve PORT               each connection asks for "data" or "code"
//   disk_rot ask PORT WORD            prints the answer, or "closed"
//   disk_rot sum FILE                 what the answer to "data" is where that is the data
//   disk_rot find FILE HEX            where these bytes are in the file, which has them once
//   disk_rot flip DEVICE FILE OFFSET  changes a byte of the file on its disk, below everything
// For x86-64.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// In the middle of NOISE, a file that does not compress, so that its bytes stand in the image as
// they are, and far from all that a process touches when it starts.
asm(".section .text\n"
    ".balign 4096\n"
    ".incbin \"noise\"\n"
    ".globl far_away\n"
    "far_away:\n"
    "  movabs $0x5a17c0de0badcafe, %rax\n"
    "  ret\n"
    ".incbin \"noise\"\n"
    ".balign 4096\n");
extern "C" uint64_t far_away();

namespace {

constexpr const char* kData = "/srv/data";
constexpr size_t kBlockBytes = 4096;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "disk_rot: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::string SumOf(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  uint64_t sum = 0;
  std::vector<uint8_t> buffer(kBlockBytes);
  ssize_t size = 0;
  while ((size = ::read(fd, buffer.data(), buffer.size())) > 0) {
    for (ssize_t i = 0; i < size; ++i) {
      sum = sum * 1099511628211U + buffer[static_cast<size_t>(i)];
    }
  }
  const int error_number = errno;
  ::close(fd);
  return size < 0 ? std::string("error: ") + std::strerror(error_number) : std::to_string(sum);
}

sockaddr_in Local(const char* port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  return out;
}

int Serve(const char* port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in place = Local(port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
      ::listen(listener, 5) != 0) {
    Die("cannot listen");
  }
  for (;;) {
    const int peer = ::accept(listener, nullptr, nullptr);
    char word[8] = {};
    const bool wants_code = ::recv(peer, word, 4, MSG_WAITALL) == 4 && word[0] == 'c';
    const std::string answer = wants_code ? std::to_string(far_away()) : SumOf(kData);
    if (::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
      std::perror("send");
    }
    ::close(peer);
  }
}

int Ask(const char* port, const char* word) {
  const sockaddr_in place = Local(port);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (int tries = 0; ::connect(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0;
       ++tries) {
    if (tries == 100) {
      Die("cannot connect");
    }
    ::usleep(100'000);
  }
  char answer[256] = {};
  const bool sent = ::send(fd, word, 4, MSG_NOSIGNAL) == 4;
  const ssize_t size = sent ? ::recv(fd, answer, sizeof answer - 1, MSG_WAITALL) : 0;
  std::puts(size > 0 ? answer : "closed");
  return 0;
}

int Find(const char* path, const char* hex) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::string wanted;
  for (const char* at = hex; at[0] != 0 && at[1] != 0; at += 2) {
    wanted += static_cast<char>(std::strtol(std::string(at, 2).c_str(), nullptr, 16));
  }
  const size_t at = content.find(wanted);
  if (wanted.empty() || at == std::string::npos ||
      content.find(wanted, at + 1) != std::string::npos) {
    std::fprintf(stderr, "disk_rot: %s has these bytes not once\n", path);
    return 1;
  }
  std::printf("%zu\n", at);
  return 0;
}

uint64_t PlaceOnDisk(int fd, uint64_t offset) {
  alignas(fiemap) uint8_t memory[sizeof(fiemap) + sizeof(fiemap_extent)] = {};
  auto* map = reinterpret_cast<fiemap*>(memory);
  map->fm_start = offset;
  map->fm_length = 1;
  map->fm_flags = FIEMAP_FLAG_SYNC;
  map->fm_extent_count = 1;
  if (::ioctl(fd, FS_IOC_FIEMAP, map) != 0 || map->fm_mapped_extents != 1) {
    Die("cannot find it on the disk");
  }
  const fiemap_extent& extent = map->fm_extents[0];
  constexpr uint32_t kNowhere =
      FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE;
  if ((extent.fe_flags & kNowhere) != 0) {
    Die("it is not on the disk");
  }
  return extent.fe_physical + (offset - extent.fe_logical);
}

int Flip(const char* device, const char* path, const char* at) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    Die(path);
  }
  const uint64_t place = PlaceOnDisk(file, std::strtoull(at, nullptr, 10));
  const int disk = ::open(device, O_RDWR | O_DIRECT | O_CLOEXEC);
  alignas(kBlockBytes) static uint8_t block[kBlockBytes];
  const auto begin = static_cast<off_t>(place / kBlockBytes * kBlockBytes);
  if (disk < 0 || ::pread(disk, block, kBlockBytes, begin) != kBlockBytes) {
    Die(device);
  }
  block[place % kBlockBytes] ^= 1U;
  if (::pwrite(disk, block, kBlockBytes, begin) != kBlockBytes || ::fsync(disk) != 0) {
    Die(device);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 2 ? argv[1] : "";
  if (command == "serve") {
    return Serve(argv[2]);
  }
  if (command == "sum") {
    std::puts(SumOf(argv[2]).c_str());
    return 0;
  }
  if (command == "ask" && argc == 4) {
    return Ask(argv[2], argv[3]);
  }
  if (command == "find" && argc == 4) {
    return Find(argv[2], argv[3]);
  }
  if (command == "flip" && argc == 5) {
    return Flip(argv[2], argv[3], argv[4]);
  }
  std::fputs("usage: disk_rot serve|ask|find|flip ...\n", stderr);
  return 2;
}
