#include <sys/resource.h>
#include <cstdio>
#include <cstdlib>
#include <unordered_set>
#include "chunker/delta.h"
#include "chunker/frame_encoder.h"
#include "pusher/delta_plan.h"
static double Cpu() { rusage u; getrusage(RUSAGE_SELF, &u); return u.ru_utime.tv_sec + u.ru_utime.tv_usec * 1e-6 + u.ru_stime.tv_sec + u.ru_stime.tv_usec*1e-6; }
static size_t Env(const char* n, size_t d) { const char* v = getenv(n); return v ? strtoull(v, nullptr, 10) : d; }
int main(int argc, char** argv) {
  images::ImageDirectory old_dir(argv[1]), new_dir(argv[2]);
  images::ChunkReader old_image(old_dir), new_image(new_dir);
  double t0 = Cpu();
  pusher::ReferenceFinder finder(old_image, new_image.index());
  double t1 = Cpu();
  std::unordered_set<chunker::ChunkId> have;
  for (auto& c : old_image.index().chunks()) have.insert(c.id);
  size_t unit_bytes = Env("UNIT", 256 << 10);
  chunker::DeltaEncoder encoder((int)Env("LEVEL", 9));
  auto rebuild = chunker::MakeFrameEncoder(new_dir.manifest().image.codec);
  size_t missing = 0, missing_bytes = 0, delta_bytes = 0, units = 0, content_bytes = 0, bad = 0, whole = 0, prefix_total = 0, flush_n = 0, slices_n = 0;
  double find = 0, encode = 0, host = 0;
  auto& chunks = new_image.index().chunks();
  for (size_t i = 0; i < chunks.size();) {
    if (!have.insert(chunks[i].id).second) { ++i; continue; }
    std::vector<chunker::ChunkContent> cs; std::vector<std::vector<uint8_t>> contents; size_t first = i, bytes = 0, stored = 0;
    std::vector<uint8_t> all;
    for (bool go = true; go;) {
      auto c = new_image.ReadContent(i);
      bytes += c.bytes.size(); stored += chunks[i].size_bytes;
      all.insert(all.end(), c.bytes.begin(), c.bytes.end());
      contents.push_back(c.bytes); cs.push_back(std::move(c));
      ++i; ++missing;
      go = i < chunks.size() && bytes < unit_bytes && have.insert(chunks[i].id).second;
    }
    double a = Cpu();
    auto slices = finder.Find(first, contents);
    std::vector<uint8_t> prefix;
    for (auto& s : slices) for (size_t e = s.first; e < s.first + s.count; ++e) { auto r = old_image.ReadContent(e); prefix.insert(prefix.end(), r.bytes.begin(), r.bytes.end()); }
    double b = Cpu(); find += b - a;
    auto delta = encoder.Encode(all, prefix);
    double c = Cpu(); encode += c - b;
    auto back = chunker::DecodeDelta(delta, prefix, all.size());
    if (!back || *back != all) { printf("decode bad\n"); return 1; }
    size_t at = 0;
    for (size_t k = 0; k < cs.size(); ++k) {
      std::span<const uint8_t> part(back->data() + at, cs[k].bytes.size()); at += part.size();
      std::vector<uint8_t> made;
      if (cs[k].framed) { auto f = chunker::FlushPointsOf(cs[k]); flush_n += f.size(); made = chunker::AlignedToBlocks(rebuild->EncodeUpToLast(part, f)); }
      else made.assign(part.begin(), part.end());
      if (base::Sha256Of(made) != chunks[first + k].id.digest) { ++bad; }
    }
    host += Cpu() - c;
    ++units; content_bytes += bytes; missing_bytes += stored; prefix_total += prefix.size(); slices_n += slices.size();
    if (delta.size() < stored) delta_bytes += delta.size(); else { delta_bytes += stored; ++whole; }
    if (getenv("VERB") && delta.size() > Env("VERB", 20000)) printf("  unit at %zu: %zu chunks, content %zu stored %zu delta %zu prefix %zu\n", first, cs.size(), bytes, stored, delta.size(), prefix.size());
  }
  printf("chunks %zu missing %zu (%.3f MB stored, %.1f MB content), units %zu, delta %.3f MB, whole %zu, BAD %zu, flush %zu slices %zu prefix %.0f MB | CPU read %.2f find %.2f encode %.2f sender %.2f host %.2f\n",
    chunks.size(), missing, missing_bytes / 1e6, content_bytes / 1e6, units, delta_bytes / 1e6, whole, bad, flush_n, slices_n, prefix_total / 1e6, t1 - t0, find, encode, t1 - t0 + find + encode, host);
}
