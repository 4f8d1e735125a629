#include "fetcher/fetch.h"

#include <cstdlib>

#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "fetcher/fetch_service.h"
#include "pusher/protocol/stream.h"

namespace fetcher {
namespace {

constexpr const char* kAbout =
    "Reads an object store for `activate pull`, on standard input and output.\n"
    "A host's slipway-fetch.socket starts it; people have nothing to do with it.";

// Those that systemd handed over; nothing else of the environment signs requests.
store::Options StoreOptions() {
  store::Options out;
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  const std::string path = folder == nullptr ? "" : std::string(folder) + "/store";
  out.anonymous = path.empty() || !base::Exists(path);
  if (!out.anonymous) {
    out.credentials_file = path;
  }
  return out;
}

}  // namespace

int RunFetch(const std::vector<std::string>& arguments, const base::Io& io) {
  const base::LogOutput log(io);
  CLI::App app(kAbout, "fetch");
  app.set_version_flag("--version", std::string("fetch ") + base::kVersion);
  if (!base::ParseArguments(app, arguments, io)) {
    return 0;
  }
  if (io.in_is_terminal) {
    base::Fail(base::ExitCode::kUsage,
               "standard input is a terminal: fetch is for activate pull, which starts it");
  }
  pusher::StreamOptions options;
  options.peer = "activate";
  options.read_while_writing = true;
  pusher::Stream stream(io.in, io.out, options);
  pusher::Wire wire(stream);
  FetchService(wire, StoreOptions()).Run();
  return 0;
}

}  // namespace fetcher
