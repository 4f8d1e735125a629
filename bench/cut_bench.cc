// The search for cut points beside what it runs with: SHA-256 of the same bytes, and reading
// memory. Bytes per second are in units of 1024.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
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

void BM_Candidates(benchmark::State& state) {
  const std::vector<uint8_t> data = Noise(static_cast<size_t>(state.range(0)));
  const chunker::CutFinder cuts(chunker::CutSizes::Around(128 << 10, 1 << 20));
  for (auto _ : state) {
    for (size_t at = 0; at < data.size();) {
      at = cuts.NextCandidate(data, at);
    }
  }
  SetBytes(state);
}
BENCHMARK(BM_Candidates)->Arg(1 << 20);

void BM_Sha256(benchmark::State& state) {
  const std::vector<uint8_t> data = Noise(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(base::Sha256Of(data));
  }
  SetBytes(state);
}
BENCHMARK(BM_Sha256)->Arg(1 << 20);

void BM_ReadMemory(benchmark::State& state) {
  const std::vector<uint64_t> data(static_cast<size_t>(state.range(0)) / sizeof(uint64_t), 1);
  for (auto _ : state) {
    uint64_t sums[4] = {};  // one would wait for itself
    for (size_t i = 0; i < data.size(); i += 4) {
      for (size_t lane = 0; lane < 4; ++lane) {
        sums[lane] += data[i + lane];
      }
    }
    benchmark::DoNotOptimize(sums);
  }
  SetBytes(state);
}
BENCHMARK(BM_ReadMemory)->Arg(1 << 20)->Arg(64 << 20);

}  // namespace
