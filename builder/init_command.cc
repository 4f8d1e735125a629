#include "builder/init_command.h"

#include <optional>
#include <set>
#include <utility>

#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "builder/build_command.h"
#include "builder/draft/definition_text.h"
#include "builder/draft/learn.h"
#include "builder/draft/look.h"
#include "builder/trial/trial.h"
#include "images/version/image_directory.h"

namespace builder {
namespace {

// Each teaches something new or is the last one.
constexpr int kMostTrials = 12;

struct InitOptions {
  LookOptions look;
  std::string exec;
  std::string output;  // empty: images/NAME.json
  uint64_t seconds = 10;
  bool tries = true;
  bool overwrites = false;
};

void AddInitOptions(CLI::App& app, InitOptions& options) {
  app.add_option("SOURCE", options.look.source,
                 "A program or script, a folder, an OCI image, or a Nix source")
      ->required();
  app.add_option("ARGUMENT", options.look.arguments, "Arguments of the program, after --");
  app.add_option("--name", options.look.name, "Name of the image; otherwise after the source")
      ->type_name("NAME");
  app.add_option("--exec", options.exec,
                 "What the service runs, where the source does not say it; quoted as for a shell")
      ->type_name("COMMAND");
  app.add_option("--output", options.output, "File to write; otherwise images/NAME.json")
      ->type_name("FILE");
  app.add_flag("--force", options.overwrites, "Replace a file that exists");
  app.add_option("--seconds", options.seconds, "Time of a trial, of which there are several")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_flag("!--no-trial", options.tries, "Only look at the source, run nothing");
}

class Init {
 public:
  Init(InitOptions options, const base::Io& io) : options_(std::move(options)), io_(io) {}

  void Run() {
    base::TemporaryDirectory folder(base::TemporaryFolder(), "slipway-init-");
    options_.look.temporary = folder.path() + "/source";
    base::MakeDirectories(options_.look.temporary);
    options_.look.exec = SplitCommand(options_.exec, "--exec");
    draft_ = LookAt(options_.look);
    file_ = base::AbsolutePath(options_.output.empty() ? "images/" + draft_.name + ".json"
                                                       : options_.output);
    CheckFile();
    if (options_.tries) {
      TryUntilKnown(folder.path() + "/built");
    }
    Write();
  }

 private:
  void CheckFile() const {
    if (!options_.overwrites && base::Exists(file_)) {
      base::Fail(base::ExitCode::kFailed,
                 "{} exists already: --force replaces it, --output names another", file_);
    }
    if (base::BaseName(file_) != draft_.name + ".json") {
      base::Fail(base::ExitCode::kUsage,
                 "--output {}: the file of the image {} is called {}.json (--name names another)",
                 options_.output, draft_.name, draft_.name);
    }
  }

  void TryUntilKnown(const std::string& built) {
    BuildOptions build;
    build.output = built;
    build.level = 1;
    Draft built_draft;
    for (int i = 0; i < kMostTrials; ++i) {
      const base::Io quiet{io_.in, io_.out, -1};
      std::optional<images::ImageDirectory> image;
      try {
        image.emplace(Built(build, i == 0 ? io_ : quiet));
      } catch (const base::Error& error) {
        if (i == 0 || error.code() == base::ExitCode::kInterrupted) {
          throw;
        }
        draft_ = std::move(built_draft);  // what was learned last cannot be built
        break;
      }
      built_draft = draft_;
      try {
        last_ = TryService(*image, draft_.name,
                           {std::chrono::seconds(options_.seconds), /*until_listening=*/true,
                            PlaceHere(/*use_systemd=*/false)},
                           quiet);
      } catch (const base::Error& error) {
        if (error.code() == base::ExitCode::kInterrupted) {
          throw;
        }
        io_.Err("note: there was no trial: {}\n", error.what());
        return;
      }
      if (TakesFoldersBack()) {
        continue;
      }
      if (i + 1 == kMostTrials || (!Learn(*last_, draft_) && !IsLeaner())) {
        break;  // nothing is written that was not tried
      }
    }
    NoteTrial(*last_, draft_);
  }

  images::ImageDirectory Built(const BuildOptions& build, const base::Io& io) const {
    const images::Definition definition =
        images::ParseDefinition(DefinitionText(draft_, ""), base::BaseName(file_), "/");
    return images::ImageDirectory(BuildDefinition(definition, build, io));
  }

  // What stood with empty folders is tried without them: its own ones are enough.
  bool IsLeaner() {
    if (last_->record.stood && !is_lean_) {
      is_lean_ = true;
      folders_ = std::exchange(draft_.empty_folders, {});
      return !folders_.empty();
    }
    return false;
  }

  // Where its own ones were not enough, the folders stay.
  bool TakesFoldersBack() {
    if (!last_->record.stood && !folders_.empty()) {
      draft_.empty_folders = std::exchange(folders_, {});
      return true;
    }
    return false;
  }

  void Write() {
    CheckFile();  // trials take a while
    base::MakeDirectories(base::ParentOf(file_));
    base::WriteFileAtomically(file_, DefinitionText(draft_, base::ParentOf(file_)));
    if (last_ && !last_->record.stood) {
      io_.Err("note: {} did not stand in a trial: {}\n", draft_.name, last_->record.why);
      if (!last_->record.output.empty()) {
        io_.Err("note: its output ended: {}\n", base::LastLines(last_->record.output, 1));
      }
    }
    io_.WriteOut(file_ + "\n");
    io_.Err("next: imgbuild try {}{}\n",
            options_.output.empty() ? "" : "--definitions " + base::ParentOf(file_) + " ",
            draft_.name);
  }

  InitOptions options_;
  const base::Io& io_;
  Draft draft_;
  std::string file_;
  std::optional<TrialReport> last_;
  bool is_lean_ = false;           // it was tried without `folders_`
  std::set<std::string> folders_;  // that it stood with
};

}  // namespace

int RunInit(const std::vector<std::string>& arguments, const base::Io& io) {
  InitOptions options;
  CLI::App app("Looks at an application, tries it, and writes its definition.", "imgbuild init");
  AddInitOptions(app, options);
  if (base::ParseArguments(app, arguments, io)) {
    Init(std::move(options), io).Run();
  }
  return 0;
}

}  // namespace builder
