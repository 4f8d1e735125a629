#include "pusher/wave_ends.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"

namespace pusher {
namespace {

// "25%" of 10 hosts is 3.
size_t EndOf(const std::string& word, size_t hosts) {
  const bool is_share = word.ends_with('%');
  const char* end = word.data() + word.size() - (is_share ? 1 : 0);
  size_t number = 0;
  const auto [rest, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || rest != end || number == 0 || (is_share && number > 100)) {
    base::Fail(
        base::ExitCode::kUsage,
        "--wave takes numbers of hosts and shares of them, as in 1,25%,100%; '{}' is neither",
        word);
  }
  return std::min(hosts, is_share ? (number * hosts + 99) / 100 : number);
}

}  // namespace

std::vector<size_t> WaveEnds(const std::string& waves, size_t hosts) {
  std::vector<size_t> out;
  std::istringstream words(waves);
  for (std::string word; std::getline(words, word, ',');) {
    const size_t end = EndOf(word, hosts);
    if (!out.empty() && end < out.back()) {
      base::Fail(base::ExitCode::kUsage,
                 "--wave '{}': each number counts the hosts of the waves before it, too, so that "
                 "they grow, as in 1,25%,100%",
                 waves);
    }
    if (out.empty() || end > out.back()) {  // few hosts make two waves one
      out.push_back(end);
    }
  }
  if (out.empty() || out.back() < hosts) {
    out.push_back(hosts);
  }
  return out;
}

}  // namespace pusher
