#include "units/unit_paths.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "images/name.h"
#include "units/directive_words.h"

namespace units {
namespace {

using Host = PathNeed::Host;

// How the value of an option names paths.
enum class Form {
  kBinds,      // words HOST[:IMAGE[:...]]
  kImages,     // words HOST:IMAGE[:...]
  kInImage,    // words PATH in the image
  kEmpty,      // words PATH[:...]: an empty file system is mounted there
  kOnHost,     // words HOST[:...]
  kOneOnHost,  // HOST
  kSecret,     // NAME:HOST
  kInput,      // file:HOST
  kOutput,     // append:HOST, file:HOST, truncate:HOST
  kOpenFile,   // HOST[:NAME[:OPTIONS]]
  kFolder,     // PATH in the image
};

struct Option {
  const char* name;
  Form form;
};
constexpr std::array<Option, 27> kOptions = {{{"BindPaths", Form::kBinds},
                                              {"BindReadOnlyPaths", Form::kBinds},
                                              {"EnvironmentFile", Form::kOneOnHost},
                                              {"ExecPaths", Form::kInImage},
                                              {"ExtensionDirectories", Form::kOnHost},
                                              {"ExtensionImages", Form::kOnHost},
                                              {"IPCNamespacePath", Form::kOneOnHost},
                                              {"InaccessibleDirectories", Form::kInImage},
                                              {"InaccessiblePaths", Form::kInImage},
                                              {"LoadCredential", Form::kSecret},
                                              {"LoadCredentialEncrypted", Form::kSecret},
                                              {"MountImages", Form::kImages},
                                              {"NetworkNamespacePath", Form::kOneOnHost},
                                              {"NoExecPaths", Form::kInImage},
                                              {"OpenFile", Form::kOpenFile},
                                              {"ReadOnlyDirectories", Form::kInImage},
                                              {"ReadOnlyPaths", Form::kInImage},
                                              {"ReadWriteDirectories", Form::kInImage},
                                              {"ReadWritePaths", Form::kInImage},
                                              {"RootHashSignature", Form::kOneOnHost},
                                              {"RootVerity", Form::kOneOnHost},
                                              {"StandardError", Form::kOutput},
                                              {"StandardInput", Form::kInput},
                                              {"StandardOutput", Form::kOutput},
                                              {"TemporaryFileSystem", Form::kEmpty},
                                              {"UserNamespacePath", Form::kOneOnHost},
                                              {"WorkingDirectory", Form::kFolder}}};

// Of [Unit]: with '!' or '|' before the path, something else is asked.
constexpr std::array<const char*, 7> kAsserts = {
    "AssertPathExists",      "AssertPathIsDirectory", "AssertPathIsMountPoint",
    "AssertPathIsReadWrite", "AssertFileNotEmpty",    "AssertDirectoryNotEmpty",
    "AssertFileIsExecutable"};

// The place of each directory, and whether a dynamic user's is in a private folder there.
struct DirectoryOption {
  const char* name;
  const char* base;
  bool can_be_private;
};
constexpr std::array<DirectoryOption, 5> kDirectories = {{{"StateDirectory", "/var/lib", true},
                                                          {"CacheDirectory", "/var/cache", true},
                                                          {"LogsDirectory", "/var/log", true},
                                                          {"ConfigurationDirectory", "/etc", false},
                                                          {"RuntimeDirectory", "/run", false}}};

// As it is written once: "/a//b/" is "/a/b". Empty where it is no path below the root.
std::string Plain(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) {
      out += c;
    }
  }
  if (out.ends_with('/')) {
    out.pop_back();
  }
  return images::IsPlainAbsolutePath(out) ? out : "";
}

// "-/path": true, and what is left. "+" before a path changes nothing where there is an image.
bool TakeOptional(std::string& word) {
  const bool optional = word.starts_with('-') || word.starts_with("+-");
  word.erase(0, word.find_first_not_of("-+"));
  return optional;
}

// "a:b:c" at its first colons.
std::vector<std::string> Parts(const std::string& word, size_t most) {
  std::vector<std::string> out;
  size_t at = 0;
  while (out.size() + 1 < most && word.find(':', at) != std::string::npos) {
    const size_t colon = word.find(':', at);
    out.push_back(word.substr(at, colon - at));
    at = colon + 1;
  }
  out.push_back(word.substr(at));
  return out;
}

// What one word, or one whole value, of the option names.
PathNeed NeedOf(const Option& option, std::string word) {
  PathNeed out;
  out.option = option.name;
  out.optional = TakeOptional(word);
  const std::vector<std::string> parts = Parts(word, 3);
  const std::string second = parts.size() > 1 ? parts[1] : "";
  switch (option.form) {
    case Form::kBinds:
    case Form::kImages:
      out.host = parts[0];
      out.image = second.empty() ? parts[0] : second;
      out.mounts = true;
      break;
    case Form::kInImage:
    case Form::kFolder:
      out.image = word;
      break;
    case Form::kEmpty:
      out.image = parts[0];
      out.mounts = true;
      break;
    case Form::kOnHost:
      out.host = parts[0];
      break;
    case Form::kOneOnHost:
      out.host = word.find_first_of("*?[") == std::string::npos ? word : "";
      break;
    case Form::kSecret:
    case Form::kInput:
    case Form::kOutput:
      out.host = parts.size() > 1 ? word.substr(parts[0].size() + 1) : "";
      break;
    case Form::kOpenFile:
      out.host = parts[0];
      out.optional = parts.size() > 2 && parts[2] != "read-only";
      break;
  }
  out.host = Plain(out.host);
  // Whether a bind's image path ends in a slash says what it is.
  out.image = Plain(out.image).empty() ? "" : out.image;
  out.on_host = out.host.empty()               ? Host::kNothing
                : option.form == Form::kOutput ? Host::kFolderThere
                                               : Host::kThere;
  return out;
}

bool IsList(Form form) {
  constexpr std::array kLists = {Form::kBinds, Form::kImages, Form::kInImage, Form::kEmpty,
                                 Form::kOnHost};
  return std::find(kLists.begin(), kLists.end(), form) != kLists.end();
}

void AddOption(const Option& option, const std::string& name, const std::string& value,
               std::vector<PathNeed>& out) {
  std::vector<std::string> words;
  if (IsList(option.form)) {
    words = WordsOf(value, name);
  } else if (const std::optional<std::string> whole = Expanded(value, name)) {
    words = {*whole};
  }
  for (const std::string& word : words) {
    PathNeed need = NeedOf(option, word);
    if (!need.host.empty() || !need.image.empty()) {
      out.push_back(std::move(need));
    }
  }
}

bool IsDynamic(const images::Service& service) {
  return !service.user && !IsOff(service, "DynamicUser");
}

bool IsAt(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

bool HasField(const images::Service& service, std::string_view option) {
  return option == "StateDirectory"     ? service.state
         : option == "CacheDirectory"   ? service.cache
         : option == "LogsDirectory"    ? service.logs
         : option == "RuntimeDirectory" ? service.runtime
                                        : false;
}

// Words "web", "web/data", "web:link", "web::ro".
void AddDirectories(const DirectoryOption& option, const std::string& name,
                    const images::Service& service, std::vector<ServiceDirectory>& out) {
  const std::string* line = DirectiveOf(service, "Service", option.name);
  std::vector<std::string> words;
  if (line != nullptr) {
    words = WordsOf(*line, name);
  } else if (HasField(service, option.name)) {
    words = {name};
  }
  const bool is_run = std::string_view(option.name) == "RuntimeDirectory";
  const std::string* kept = DirectiveOf(service, "Service", "RuntimeDirectoryPreserve");
  const bool is_private = IsDynamic(service) &&
                          (option.can_be_private || (is_run && kept != nullptr &&
                                                     !IsOff(service, "RuntimeDirectoryPreserve")));
  for (const std::string& word : words) {
    const std::vector<std::string> parts = Parts(word, 3);
    if (parts.size() > 1 && !parts[1].empty() && !is_run) {
      base::Fail(base::ExitCode::kFailed,
                 "services.{}.directives.Service.{}: systemd would make the link {}/{} in the "
                 "image, which is "
                 "read-only: leave \":{}\" out, and bind {}/{} where it has to be",
                 name, option.name, option.base, parts[1], parts[1], option.base, parts[0]);
    }
    const std::string path = Plain(std::string(option.base) + "/" + parts[0]);
    if (!path.empty()) {
      out.push_back({option.name, path,
                     is_private ? fmt::format("{}/private{}", option.base,
                                              path.substr(std::string_view(option.base).size()))
                                : ""});
    }
  }
}

struct Mount {
  std::string image;
  std::string host;  // empty: an empty file system
};

std::vector<Mount> MountsOf(const std::string& name, const images::Service& service) {
  std::vector<Mount> out;
  for (const images::Bind& bind : service.binds) {
    out.push_back({Plain(bind.image), bind.host});
  }
  for (const PathNeed& need : PathNeedsOf(name, service)) {
    if (need.mounts) {
      out.push_back({Plain(need.image), need.host});
    }
  }
  for (const ServiceDirectory& directory : DirectoriesOf(name, service)) {
    out.push_back({directory.path, directory.path});
  }
  out.push_back({"/run", ""});
  if (service.hardening != "none" || IsDynamic(service) ||
      (DirectiveOf(service, "Service", "PrivateTmp") != nullptr && !IsOff(service, "PrivateTmp"))) {
    out.push_back({"/tmp", ""});
    out.push_back({"/var/tmp", ""});
  }
  return out;
}

}  // namespace

std::vector<PathNeed> PathNeedsOf(const std::string& name, const images::Service& service) {
  std::vector<PathNeed> out;
  for (const Option& option : kOptions) {
    if (const std::string* value = DirectiveOf(service, "Service", option.name)) {
      AddOption(option, name, *value, out);
    }
  }
  for (const char* option : kAsserts) {
    if (const std::string* value = DirectiveOf(service, "Unit", option)) {
      AddOption({option, Form::kOneOnHost}, name, *value, out);
    }
  }
  return out;
}

std::vector<ServiceDirectory> DirectoriesOf(const std::string& name,
                                            const images::Service& service) {
  std::vector<ServiceDirectory> out;
  for (const DirectoryOption& option : kDirectories) {
    AddDirectories(option, name, service, out);
  }
  return out;
}

Origin OriginOf(const std::string& path, const std::string& name, const images::Service& service) {
  for (const char* kernel : {"/dev", "/proc", "/sys"}) {
    if (IsAt(path, kernel)) {
      return {Origin::Kind::kKernel, "", path == kernel};
    }
  }
  const std::vector<Mount> mounts = MountsOf(name, service);
  const Mount* nearest = nullptr;
  for (const Mount& mount : mounts) {
    if (IsAt(path, mount.image) &&
        (nearest == nullptr || mount.image.size() > nearest->image.size())) {
      nearest = &mount;
    }
  }
  if (nearest == nullptr) {
    return {};
  }
  const bool is_root = path == nearest->image;
  return nearest->host.empty()
             ? Origin{Origin::Kind::kEmpty, "", is_root}
             : Origin{Origin::Kind::kHost, nearest->host + path.substr(nearest->image.size()),
                      is_root};
}

std::string WhyHidden(const std::string& path, const std::string& name,
                      const images::Service& service) {
  const bool is_home = IsAt(path, "/home") || IsAt(path, "/root");
  if (is_home && service.hardening != "none" &&
      DirectiveOf(service, "Service", "ProtectHome") == nullptr) {
    return "ProtectHome=yes";
  }
  if (OriginOf(path, name, service).kind != Origin::Kind::kEmpty) {
    return "";
  }
  const bool is_temporary = IsAt(path, "/tmp") || IsAt(path, "/var/tmp");
  return is_temporary ? "PrivateTmp=yes" : "it is below a folder that is empty at each start";
}

bool IsMadeAtStart(const std::string& mount_point, const std::string& name,
                   const images::Service& service) {
  const size_t slash = mount_point.rfind('/');
  return slash != 0 &&
         OriginOf(mount_point.substr(0, slash), name, service).kind != Origin::Kind::kImage;
}

std::vector<UnitProgram> DirectivePrograms(const std::string& name,
                                           const images::Service& service) {
  std::vector<UnitProgram> out;
  // What an ExecReload=, ExecStop= or ExecStopPost= lacks makes no start fail.
  for (const char* option : {"ExecCondition", "ExecStartPre", "ExecStartPost"}) {
    const std::string* value = DirectiveOf(service, "Service", option);
    bool is_first = true;
    for (const std::string& word :
         value == nullptr ? std::vector<std::string>() : WordsOf(*value, name)) {
      const std::string flags = word.substr(0, word.find_first_not_of("@-:+!|"));
      const std::string program = word.substr(flags.size());
      if (is_first && !program.empty() && flags.find_first_of("-|") == std::string::npos &&
          program.find('$') == std::string::npos) {
        out.push_back({option, program});
      }
      is_first = word == ";";
    }
  }
  return out;
}

}  // namespace units
