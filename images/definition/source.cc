#include "images/definition/source.h"

namespace images {
namespace {

bool IsFlake(const std::string& text) { return text.find('#') != std::string::npos; }

bool IsDerivation(const std::string& text) {
  const std::string path = text.substr(0, text.find_first_of("^!"));
  return path.ends_with(".drv");
}

}  // namespace

std::string Beside(const std::string& directory, const std::string& path) {
  return path.starts_with('/') ? path : directory + "/" + path;
}

NixSource NixSourceOf(const std::string& text, const std::string& directory) {
  NixSource out;
  if (IsFlake(text)) {  // only one that is a path is relative to anything
    out.flake = text.starts_with('.') ? Beside(directory, text) : text;
  } else if (IsDerivation(text)) {
    out.drv = Beside(directory, text);
  } else {
    out.path = Beside(directory, text);
  }
  return out;
}

bool LooksLikeNixSource(const std::string& text) {
  return text.find('/') != std::string::npos || IsFlake(text) || IsDerivation(text);
}

}  // namespace images
