#include "builder/source/file_closure.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/loader_cache.h"

namespace builder {

ElfFile FileClosure::AddProgram(const std::string& path) {
  const std::optional<std::string> real = root_.Resolve(path, &links_);
  if (!real) {
    base::Fail(base::ExitCode::kFailed, "the program {} does not exist", root_.OnDisk(path));
  }
  std::optional<ElfFile> elf;
  if (S_ISREG(base::LstatIfThere(root_.OnDisk(*real))->st_mode)) {
    elf = ReadElf(root_.OnDisk(*real));
  }
  if (!elf) {
    base::Fail(
        base::ExitCode::kFailed,
        "{} is not an ELF program; for a script, name its interpreter here and the script in "
        "contents.add",
        root_.OnDisk(path));
  }
  if (!first_) {
    first_ = elf;
    search_.emplace(root_, *elf);
  } else if (!elf->RunsTogetherWith(*first_)) {
    base::Fail(base::ExitCode::kFailed,
               "{} is for another kind of machine than the program before it", root_.OnDisk(path));
  }
  AddLoaded(*real, *elf, Asker::kProgram);
  return *std::move(elf);
}

// Breadth first, as the loader does: whatever a name or a soname stands for first, it stands for
// everywhere in this program.
void FileClosure::AddLoaded(const std::string& path, const ElfFile& elf, Asker by) {
  files_[path];
  Process process{{}, {}, by};
  process.loaded.push_back({path, elf, nullptr});
  if (!elf.interpreter.empty()) {
    process.known.emplace(base::BaseName(elf.interpreter), AddInterpreter(path, elf.interpreter));
  }
  // A library names no interpreter: it runs with the programs'.
  const std::string& loader =
      elf.interpreter.empty() && first_ ? first_->interpreter : elf.interpreter;
  for (size_t i = 0; i < process.loaded.size(); ++i) {
    const LoadedElf& from = process.loaded[i];
    const std::string asker = root_.Resolve(from.path).value_or(from.path);
    if (!from.elf.dlopens.empty()) {
      AddSaid(from, asker);
    } else if (from.elf.uses_dlopen && (by == Asker::kProgram || by == Asker::kSaid)) {
      opens_more_.insert(asker);
    }
    for (const std::string& needed : from.elf.needed) {
      const std::string name = search_->IsLoader(needed) ? base::BaseName(loader) : needed;
      const std::string file = FileFor(name, from, process);
      if (files_.contains(file)) {
        files_[asker].insert(file);
      }
    }
  }
}

// As the loader would find each for `by`, which is `file`.
void FileClosure::AddSaid(const LoadedElf& by, const std::string& file) {
  if (!heard_.insert(file).second) {
    return;
  }
  for (const DlopenRequest& request : by.elf.dlopens) {
    SaidDlopen said{file, request.sonames.front(), "", request.priority, request.feature};
    for (const std::string& soname : request.sonames) {
      if (const auto found = search_->Find(soname, by)) {
        const bool is_wanted = request.priority != DlopenRequest::Priority::kSuggested;
        said.soname = soname;
        said.file = root_.Resolve(found->path, is_wanted ? &links_ : nullptr).value_or(found->path);
        break;
      }
    }
    if (!said.file.empty() && request.priority != DlopenRequest::Priority::kSuggested) {
      AddBelow(said.file, Asker::kSaid, nullptr);
      if (files_.contains(said.file)) {
        files_[file].insert(said.file);
      }
    }
    said_to_open_.push_back(std::move(said));
  }
}

std::string FileClosure::AddInterpreter(const std::string& program,
                                        const std::string& interpreter) {
  const std::optional<std::string> real = root_.Resolve(interpreter, &links_);
  if (!real) {
    base::Fail(base::ExitCode::kFailed, "{} needs the interpreter {}, which does not exist",
               root_.OnDisk(program), interpreter);
  }
  files_[program].insert(*real);
  files_[*real];
  return *real;
}

std::string FileClosure::FileFor(const std::string& name, const LoadedElf& from, Process& process) {
  if (const auto file = process.known.find(name); file != process.known.end()) {
    return file->second;
  }
  std::optional<LoadedElf> found = Load(name, from, process.by);
  if (!found) {
    return "";
  }
  std::string real = root_.Resolve(found->path, &links_).value_or(found->path);
  process.known.emplace(name, real);
  if (!found->elf.soname.empty()) {
    process.known.emplace(found->elf.soname, real);
  }
  if (!exclusions_.Match(real)) {
    files_[real];
    process.loaded.push_back(*std::move(found));
  }
  return real;
}

std::optional<LoadedElf> FileClosure::Load(const std::string& name, const LoadedElf& from,
                                           Asker asker) const {
  std::optional<LibrarySearch::Found> found = search_->Find(name, from);
  if (!found && (asker == Asker::kKnown || asker == Asker::kSaid)) {
    return std::nullopt;
  }
  if (!found) {
    base::Fail(
        base::ExitCode::kFailed,
        "{} needs the library {}, which is in no folder that the loader searches; install the "
        "package that has it",
        root_.OnDisk(from.path), name);
  }
  return LoadedElf{found->path, std::move(found->elf), &from};
}

bool FileClosure::Add(const std::string& path) {
  const std::optional<std::string> real = root_.Resolve(path, &links_);
  if (real) {
    AddBelow(*real, Asker::kAdd, nullptr);
  }
  return real.has_value();
}

bool FileClosure::AddKnown(const std::string& path, NameFilter is_left_out) {
  const std::optional<std::string> real = root_.Resolve(path, &links_);
  if (real) {
    AddBelow(*real, Asker::kKnown, is_left_out);
    if (HasBelow(*real)) {
      ++known_taken_;
    }
  }
  return real.has_value();
}

bool FileClosure::HasBelow(const std::string& path) const {
  const auto has = [&](const auto& entries) {
    const auto first = entries.lower_bound(path + "/");
    return entries.contains(path) ||
           (first != entries.end() && first->first.starts_with(path + "/"));
  };
  return has(files_) || has(links_);
}

void FileClosure::AddBelow(const std::string& path, Asker asker, NameFilter is_left_out) {
  if (exclusions_.Match(path)) {
    return;
  }
  const auto found = base::LstatIfThere(root_.OnDisk(path));
  if (S_ISDIR(found->st_mode)) {
    directories_.insert(path);
    for (const std::string& name : base::ListDirectory(root_.OnDisk(path))) {
      if (is_left_out == nullptr || !is_left_out(name)) {
        AddBelow((path == "/" ? "" : path) + "/" + name, asker, is_left_out);
      }
    }
  } else if (S_ISLNK(found->st_mode)) {
    links_.emplace(path, base::ReadLinkIfThere(root_.OnDisk(path)).value_or(""));
    const std::optional<std::string> real = root_.Resolve(path, &links_);
    if (real && S_ISREG(base::LstatIfThere(root_.OnDisk(*real))->st_mode)) {
      AddBelow(*real, asker, is_left_out);
    }
  } else if (S_ISREG(found->st_mode)) {
    if (files_.contains(path)) {
      return;
    }
    files_[path];
    const std::optional<ElfFile> elf = ReadElf(root_.OnDisk(path));
    if (elf && first_ && elf->RunsTogetherWith(*first_)) {
      added_elf_ |= asker == Asker::kAdd;
      AddLoaded(path, *elf, asker);
    }
  } else {
    base::Fail(base::ExitCode::kFailed, "{} is neither a file, a directory nor a symbolic link",
               root_.OnDisk(path));
  }
}

void FileClosure::AddLoaderCache(Tree& tree) const {
  if (!search_->is_musl()) {
    builder::AddLoaderCache(search_->folders(), *first_, tree);
  }
}

}  // namespace builder
