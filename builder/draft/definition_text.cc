#include "builder/draft/definition_text.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "base/file.h"
#include "base/json_fields.h"
#include "base/printable.h"

namespace builder {
namespace {

constexpr size_t kColumns = 96;

// On one line, with the spaces that a person would put there.
std::string OneLine(const base::Json& json) {
  if (!json.is_structured() || json.empty()) {
    return base::DumpJson(json);
  }
  std::string out;
  for (const auto& [key, value] : json.items()) {
    out += out.empty() ? "" : ", ";
    out += (json.is_object() ? base::DumpJson(base::Json(key)) + ": " : "") + OneLine(value);
  }
  return json.is_object() ? "{ " + out + " }" : "[" + out + "]";
}

// An object or an array whose members are written one by one, with comments between them.
class Members {
 public:
  Members(std::string& out, size_t depth, char close) : out_(out), depth_(depth), close_(close) {}

  void Comment(const std::string& text) {
    const std::string line = base::Printable(text);
    for (size_t at = 0; at < line.size();) {
      size_t end = line.size();
      if (end - at > kColumns - depth_ * 2) {
        const size_t space = line.rfind(' ', at + kColumns - depth_ * 2);
        end = space == std::string::npos || space <= at ? end : space;
      }
      pending_ += fmt::format("{}// {}\n", Indent(), line.substr(at, end - at));
      at = end + 1;
    }
  }

  void Add(const std::string& name, const base::Json& value) {
    Begin(name);
    out_ += OneLine(value);
  }
  void Open(const std::string& name, const std::function<void(Members&)>& write) {
    Begin(name);
    out_ += '{';
    Members inner(out_, depth_ + 1, '}');
    write(inner);
    inner.End();
  }
  void End() {
    out_ += (pending_.empty() && first_) ? "" : "\n";
    out_ += pending_ + std::string((depth_ - 1) * 2, ' ') + close_;
  }

 private:
  std::string Indent() const { return std::string(depth_ * 2, ' '); }
  void Begin(const std::string& name) {
    out_ += first_ ? "\n" : ",\n";
    first_ = false;
    out_ += std::exchange(pending_, "") + Indent() + base::DumpJson(base::Json(name)) + ": ";
  }

  std::string& out_;
  const size_t depth_;
  const char close_;
  bool first_ = true;
  std::string pending_;  // comments before the next member
};

class Writer {
 public:
  Writer(const Draft& draft, std::string folder) : draft_(draft), folder_(std::move(folder)) {}

  std::string Text() {
    std::string out =
        fmt::format("// {}: {}.\n// Written by imgbuild init; it is yours to change.\n",
                    draft_.name, base::Printable(draft_.what));
    for (const std::string& line : draft_.trial) {
      out += "// " + base::Printable(line) + "\n";
    }
    out += '{';
    Members file(out, 1, '}');
    file.Add("name", draft_.name);
    WriteSource(file);
    WriteContents(file);
    Notes(file, "target");
    file.Comment("zstd: hosts with Linux 6.10 or newer; lz4: any from 6.1 on, and Flatcar.");
    file.Add("target", "zstd");
    file.Open("services", [&](Members& services) {
      services.Open(draft_.name, [&](Members& service) { WriteService(service); });
    });
    file.End();
    return out + "\n";
  }

 private:
  void Notes(Members& members, const std::string& field) {
    if (const auto found = draft_.notes.find(field); found != draft_.notes.end()) {
      for (const std::string& note : found->second) {
        members.Comment(note);
      }
    }
  }

  // Beside the folder of definitions: relative, so that the tree can be moved.
  std::string PathOf(const std::string& path) const {
    const std::string tree = base::ParentOf(folder_);
    return !folder_.empty() && tree != "/" && path.starts_with(tree + "/")
               ? std::filesystem::path(path).lexically_relative(folder_).string()
               : path;
  }

  void WriteSource(Members& file) {
    Notes(file, "source");
    base::Json json;
    if (const auto* elf = std::get_if<images::ElfSource>(&draft_.source)) {
      json["elf"] = elf->programs;
    } else if (const auto* root = std::get_if<images::RootSource>(&draft_.source)) {
      json["root"] = PathOf(root->directory);
    } else if (const auto* oci = std::get_if<images::OciSource>(&draft_.source)) {
      json["oci"] = PathOf(oci->path);
    } else {
      const auto& nix = std::get<images::NixSource>(draft_.source);
      json["nix"] = nix.path    ? base::Json{{"path", PathOf(*nix.path)}}
                    : nix.flake ? base::Json{{"flake", *nix.flake}}
                                : base::Json{{"drv", PathOf(nix.drv.value_or(""))}};
    }
    file.Add("source", json);
  }

  void WriteContents(Members& file) {
    if (draft_.files.empty() && draft_.add.empty() && draft_.sets.empty() &&
        draft_.empty_folders.empty() && !draft_.notes.contains("contents")) {
      return;
    }
    file.Open("contents", [&](Members& contents) {
      if (!draft_.files.empty()) {
        contents.Comment("Path in the image: file or folder here.");
        base::Json files;
        for (const auto& [to, from] : draft_.files) {
          files[to] = PathOf(from);
        }
        contents.Add("files", files);
      }
      if (!draft_.add.empty()) {
        contents.Comment("Of this machine, at the same path in the image.");
        contents.Add("add", draft_.add);
      }
      if (!draft_.sets.empty()) {
        contents.Add("sets", draft_.sets);
      }
      if (!draft_.empty_folders.empty()) {
        contents.Add("directories", draft_.empty_folders);
      }
      Notes(contents, "contents");
    });
  }

  void WriteService(Members& out) {
    const images::Service& service = draft_.service;
    Notes(out, "exec");
    if (!service.exec.empty()) {
      out.Add("exec", service.exec);
    }
    if (service.type != "exec") {
      Notes(out, "type");
      out.Add("type", service.type);
    }
    WriteDirectories(out);
    if (!service.environment.empty()) {
      Notes(out, "environment");
      out.Add("environment", service.environment);
    }
    if (!service.ports.empty()) {
      Notes(out, "ports");
      out.Add("ports", service.ports);
    }
    WriteHealth(out);
    WriteDirectives(out);
    Notes(out, "service");
  }

  void WriteDirectories(Members& out) {
    const images::Service& service = draft_.service;
    for (const auto& [field, is_set, path] : {std::tuple{"state", service.state, "/var/lib/"},
                                              {"cache", service.cache, "/var/cache/"},
                                              {"logs", service.logs, "/var/log/"},
                                              {"runtime", service.runtime, "/run/"}}) {
      if (is_set) {
        out.Comment(fmt::format("It may write to {}{}.", path, draft_.name));
        out.Add(field, true);
      }
    }
    if (!service.binds.empty()) {
      Notes(out, "binds");
      base::Json binds = base::Json::array();
      for (const images::Bind& bind : service.binds) {
        binds.push_back({{"host", bind.host}, {"image", bind.image}, {"writable", bind.writable}});
      }
      out.Add("binds", binds);
    }
  }

  void WriteHealth(Members& out) {
    const images::Health& health = draft_.service.health;
    Notes(out, "health");
    if (health.http) {
      out.Add("health", {{"http", health.http->url}});
    } else if (health.tcp) {
      const auto port = draft_.service.ports.front();
      out.Add("health", {{"tcp", port}});
    }
  }

  void WriteDirectives(Members& out) {
    base::Json lines = base::Json::object();
    if (const auto found = draft_.service.directives.find("Service");
        found != draft_.service.directives.end()) {
      lines = found->second;
    }
    for (const auto& [option, names] : draft_.directories) {
      std::string value;
      for (const std::string& name : names) {
        value += (value.empty() ? "" : " ") + name;
      }
      lines[option] = value;
    }
    if (!lines.empty()) {
      Notes(out, "directives");
      out.Add("directives", {{"Service", lines}});
    }
  }

  const Draft& draft_;
  const std::string folder_;
};

}  // namespace

std::string DefinitionText(const Draft& draft, const std::string& folder) {
  return Writer(draft, folder).Text();
}

}  // namespace builder
