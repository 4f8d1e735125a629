#include "activator/os/listeners.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>

#include "activator/os/processes.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

constexpr const char* kListening = "0A";  // TCP_LISTEN
constexpr size_t kWordDigits = 8;

std::optional<uint64_t> ToNumber(const std::string& text, int base) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(out) : std::nullopt;
}

// "0100007F": words of the machine's byte order, one for IPv4, four for IPv6.
std::string ToAddress(const std::string& hex) {
  std::array<uint32_t, 4> words{};
  const size_t count = hex.size() / kWordDigits;
  if (hex.size() % kWordDigits != 0 || (count != 1 && count != words.size())) {
    return "";
  }
  bool any = true;
  for (size_t i = 0; i < count; ++i) {
    words.at(i) =
        static_cast<uint32_t>(ToNumber(hex.substr(i * kWordDigits, kWordDigits), 16).value_or(0));
    any = any && words.at(i) == 0;
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = count == 1 ? AF_INET : AF_INET6;
  return any || ::inet_ntop(family, words.data(), out.data(), out.size()) == nullptr ? ""
                                                                                     : out.data();
}

// Of files in /proc, which may go while they are read.
std::string TextOf(const std::string& path) {
  try {
    return base::ReadFileIfThere(path).value_or("");
  } catch (const base::Error&) {
    return "";
  }
}

std::vector<std::string> Names(const std::string& directory) {
  try {
    return base::ListDirectory(directory);
  } catch (const base::Error&) {
    return {};
  }
}

// Inode -> the first process that has the socket open.
std::map<uint64_t, uint64_t> HoldersOf(const std::set<uint64_t>& inodes) {
  std::map<uint64_t, uint64_t> out;
  for (const std::string& pid : ProcessIds()) {
    const std::string folder = "/proc/" + pid + "/fd";
    for (const std::string& fd : Names(folder)) {
      std::optional<std::string> link;
      try {
        link = base::ReadLinkIfThere(folder + "/" + fd);
      } catch (const base::Error&) {
        continue;
      }
      if (!link || !link->starts_with("socket:[")) {
        continue;
      }
      const auto inode = ToNumber(link->substr(8, link->size() - 9), 10);
      if (inode && inodes.contains(*inode)) {
        out.emplace(*inode, ToNumber(pid, 10).value_or(0));
      }
    }
  }
  return out;
}

void Describe(uint64_t pid, Listener& listener) {
  const std::string folder = "/proc/" + std::to_string(pid);
  listener.pid = pid;
  listener.program = TextOf(folder + "/comm");
  listener.program = listener.program.substr(0, listener.program.find('\n'));
  listener.units = UnitsOfCgroup(TextOf(folder + "/cgroup"));
}

}  // namespace

std::vector<ListeningSocket> ParseNetTcp(const std::string& text) {
  std::vector<ListeningSocket> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    constexpr size_t kInode = 9;
    const size_t colon = fields.size() > kInode ? fields[1].find(':') : std::string::npos;
    if (colon == std::string::npos || fields[3] != kListening) {
      continue;
    }
    ListeningSocket socket;
    socket.listener.address = ToAddress(fields[1].substr(0, colon));
    socket.listener.port = ToNumber(fields[1].substr(colon + 1), 16).value_or(0);
    socket.inode = ToNumber(fields[kInode], 10).value_or(0);
    out.push_back(std::move(socket));
  }
  return out;
}

std::vector<std::string> UnitsOfCgroup(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("0::") && line.find(":name=systemd:") == std::string::npos) {
      continue;
    }
    std::istringstream components(line.substr(line.rfind(':') + 1));
    for (std::string component; std::getline(components, component, '/');) {
      if (component.ends_with(".service") || component.ends_with(".scope")) {
        out.push_back(component);
      }
    }
  }
  return out;
}

std::vector<Listener> ReadListeners(const std::set<uint64_t>& ports) {
  std::vector<ListeningSocket> found;
  std::set<uint64_t> inodes;
  for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (ListeningSocket& socket : ParseNetTcp(TextOf(file))) {
      if (ports.contains(socket.listener.port)) {
        inodes.insert(socket.inode);
        found.push_back(std::move(socket));
      }
    }
  }
  if (found.empty()) {
    return {};
  }
  const std::map<uint64_t, uint64_t> holders = HoldersOf(inodes);
  std::vector<Listener> out;
  for (ListeningSocket& socket : found) {
    if (const auto holder = holders.find(socket.inode); holder != holders.end()) {
      Describe(holder->second, socket.listener);
    }
    out.push_back(std::move(socket.listener));
  }
  return out;
}

}  // namespace activator
