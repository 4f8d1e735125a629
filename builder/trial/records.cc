#include "builder/trial/records.h"

#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

template <typename Number>
Number NumberIn(const std::string& text) {
  Number out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

void SendRecord(int fd, Tell kind, const std::string& text) {
  const std::string record = static_cast<char>(kind) + text + '\0';
  base::WriteAll(fd, base::AsBytes(record), "a pipe");
}

void SendFindings(int fd, const FileFindings& files) {
  for (const std::string& path : files.missing) {
    SendRecord(fd, Tell::kMissing, path);
  }
  for (const std::string& path : files.refused) {
    SendRecord(fd, Tell::kRefused, path);
  }
  for (const std::string& address : files.reached) {
    SendRecord(fd, Tell::kReached, address);
  }
}

void TakeRecord(Tell kind, std::string text, SandboxRecord& out) {
  switch (kind) {
    case Tell::kFailed:
      base::Fail(base::ExitCode::kFailed, "the sandbox cannot be made: {}", text);
    case Tell::kNote:
      out.notes.push_back(std::move(text));
      break;
    case Tell::kUntraced:
      out.untraced = std::move(text);
      break;
    case Tell::kMissing:
      out.files.missing.push_back(std::move(text));
      break;
    case Tell::kRefused:
      out.files.refused.insert(std::move(text));
      break;
    case Tell::kReached:
      out.files.reached.insert(std::move(text));
      break;
    case Tell::kListens:
      out.ports.emplace(NumberIn<uint64_t>(text), text.substr(text.find(' ') + 1));
      break;
    case Tell::kEnded:
      out.exit_code = NumberIn<int>(text);
      break;
    case Tell::kPassed:
      out.passed_after = std::chrono::milliseconds(NumberIn<int64_t>(text));
      break;
    case Tell::kWhy:
      out.why = std::move(text);
      break;
    case Tell::kStood:
      out.stood = true;
      break;
  }
}

void TakeRecords(std::string& bytes, SandboxRecord& out) {
  for (size_t end = 0; (end = bytes.find('\0')) != std::string::npos;) {
    const std::string record = bytes.substr(0, end);
    bytes.erase(0, end + 1);
    TakeRecord(static_cast<Tell>(record.front()), record.substr(1), out);
  }
}

}  // namespace builder
