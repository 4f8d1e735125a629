// Serves a folder over HTTP, with ranges, in the test's process: any request can be made to fail.
#ifndef TESTS_FETCHER_FOLDER_SERVER_H_
#define TESTS_FETCHER_FOLDER_SERVER_H_

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "base/file.h"
#include "tests/support/scripted_server.h"

namespace tests {

class FolderServer {
 public:
  // Instead of the right answer, which it may change: nullopt for that one.
  using Fault = std::function<std::optional<HttpReaction>(const HttpRequest& request,
                                                          const HttpReaction& right)>;

  explicit FolderServer(std::string folder)
      : folder_(std::move(folder)), server_([this](const HttpRequest& request) {
          const HttpReaction right = Answer(request);
          return fault ? fault(request, right).value_or(right) : right;
        }) {}

  std::string Url() const { return server_.Url(); }
  size_t CountRequests() const { return server_.Requests().size(); }

  Fault fault;  // to be set between two plays

 private:
  HttpReaction Answer(const HttpRequest& request) const {
    const auto body = base::ReadFileIfThere(folder_ + request.target);
    if (!body) {
      return {HttpAnswerText(404, "")};
    }
    const auto range = request.headers.find("range");
    if (range == request.headers.end()) {
      return {HttpAnswerText(200, *body)};
    }
    const std::string text = range->second.substr(range->second.find('=') + 1);
    const size_t first = std::stoull(text);
    const size_t last =
        std::min<size_t>(std::stoull(text.substr(text.find('-') + 1)), body->size() - 1);
    return {HttpAnswerText(206, body->substr(first, last + 1 - first),
                           {"Content-Range: bytes " + std::to_string(first) + "-" +
                            std::to_string(last) + "/" + std::to_string(body->size())})};
  }

  const std::string folder_;
  ScriptedServer server_;
};

}  // namespace tests

#endif  // TESTS_FETCHER_FOLDER_SERVER_H_
