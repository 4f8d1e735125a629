// The search for cut points beside what it runs with: SHA-256 of the same bytes, and reading
// memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "base/digest.h"
#include "chunker/cut.h"

namespace {

std::vector<uint8_t> Noise(size_t size_bytes) {
  std::mt19937_64 random(1);
  std::vector<uint8_t> out(size_bytes);
  std::generate(out.begin(), out.end(), [&] { return static_cast<uint8_t>(random()); });
  return out;
}

void SetBytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void BM_CutPoints(benchmark::State& state) {
  const std::vector<uint8_t> data = Noise(static_cast<size_t>(state.range(0)));
  const chunker::CutFinder cuts(chunker::CutSizes::Around(128 << 10, 1 << 20));
  for (auto _ : state) {
    for (std::span<const uint8_t> rest = data; !rest.empty();) {
      rest = rest.subspan(cuts.FirstCut(rest));
    }
  }
  SetBytes(state);
}
BENCHMARK(BM_CutPoints)->Arg(1 << 20)->Arg(64 << 20);

void BM_Sha256(benchmark::State& state) {
  const std::vector<uint8_t> data = Noise(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(base::Sha256Of(data));
  }
  SetBytes(state);
}
BENCHMARK(BM_Sha256)->Arg(1 << 20);

void BM_ReadMemory(benchmark::State& state) {
  const std::vector<uint8_t> data = Noise(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(std::accumulate(data.begin(), data.end(), uint64_t{0}));
  }
  SetBytes(state);
}
BENCHMARK(BM_ReadMemory)->Arg(1 << 20)->Arg(64 << 20);

}  // namespace
