// The tool: `fetch` reads an object store for `activate pull`, which is root, without privileges.
#ifndef SLIPWAY_FETCHER_FETCH_H_
#define SLIPWAY_FETCHER_FETCH_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace fetcher {

// Answers requests on standard input and output (docs/formats/fetch.md) until the input ends.
// Returns the exit code.
int RunFetch(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_FETCH_H_
