#include "builder/version_label.h"

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/process.h"
#include "images/definition/definition.h"
#include "images/label.h"

namespace builder {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string GitDescribe(const std::string& folder, const std::string& where) {
  base::ProcessResult result;
  try {
    result = base::Run({"git", "-C", folder, "describe", "--tags", "--always", "--dirty"});
  } catch (const base::Error& error) {
    if (error.error_number() != ENOENT) {
      throw;
    }
    base::Fail(base::ExitCode::kUsage,
               "{}: {} needs git, which is not installed: install it, or say the version", where,
               images::kGitLabel);
  }
  if (!result.ok()) {
    base::Fail(base::ExitCode::kUsage, "{}: git cannot describe {}: {}", where, folder,
               FirstLine(result.err));
  }
  return FirstLine(result.out);
}

}  // namespace

std::string ResolveLabel(const std::string& text, const std::string& folder,
                         const std::string& where) {
  if (text.empty()) {
    return "";
  }
  std::string label = text == images::kGitLabel ? GitDescribe(folder, where) : text;
  if (const std::string why = images::LabelProblem(label); !why.empty()) {
    base::Fail(base::ExitCode::kUsage, "{}: '{}' is no version: {}", where, base::Printable(label),
               why);
  }
  return label;
}

void LabelVersion(const std::string& path, const std::string& name, const std::string& label,
                  const base::Io& io) {
  const std::string before = images::ReadLabel(path);
  if (before == label) {
    return;
  }
  const std::string id = base::BaseName(path);
  if (label.empty()) {
    io.Err("note: {} {} has the content of version {}, and keeps that label\n", name, id, before);
    return;
  }
  images::WriteLabel(path, label);
  if (!before.empty()) {
    io.Err("note: {} {} has the content of version {}; its label is {} now\n", name, id, before,
           label);
  }
}

}  // namespace builder
