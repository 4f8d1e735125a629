#include "activator/state/history.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "activator/report/history_command.h"
#include "activator/state/history_file.h"
#include "activator/state/switch_record.h"
#include "base/interrupt.h"
#include "tests/activator/host_fixture.h"
#include "tests/activator/read_history.h"
#include "tests/support/faulty_sys.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A pipe whose reader is this test.
class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    from_.Reset(ends[0]);
    to_.Reset(ends[1]);
  }
  int to() const { return to_.get(); }
  int from() const { return from_.get(); }
  void CloseReader() { from_.Reset(); }
  void CloseWriter() { to_.Reset(); }
  // The next line, however long it takes.
  std::string Line() {
    for (;;) {
      if (const size_t end = text_.find('\n'); end != std::string::npos) {
        std::string out = text_.substr(0, end);
        text_.erase(0, end + 1);
        return out;
      }
      if (!ReadMore()) {
        return "(end)";
      }
    }
  }
  std::string Rest() {
    while (ReadMore()) {
    }
    return text_;
  }

 private:
  bool ReadMore() {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(from_.get(), buffer.data(), buffer.size());
    if (size > 0) {
      text_.append(buffer.data(), static_cast<size_t>(size));
    }
    return size > 0;
  }
  base::UniqueFd from_;
  base::UniqueFd to_;
  std::string text_;
};

class HistoryCommandTest : public HostTest {
 protected:
  void AppendStaged(uint64_t count, const std::string& reason = "") {
    for (uint64_t i = 0; i < count; ++i) {
      AppendEvent(layout, {0, "", "staged", 1, 0, "", "me", reason});
    }
  }
  std::vector<uint64_t> Sequences(const HistoryOptions& options) {
    Pipe pipe;
    base::Io io;
    io.out = pipe.to();
    std::thread writer([&] {
      RunHistory(layout, options, io);
      pipe.CloseWriter();
    });
    const std::string text = pipe.Rest();
    writer.join();
    std::vector<uint64_t> out;
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      out.push_back(SequenceOf(text.substr(at, text.find('\n', at) - at)).value_or(0));
    }
    return out;
  }
  std::vector<uint64_t> Since(uint64_t number) { return Sequences({number, false, true}); }
  void Break(const std::string& tail) {
    Write(layout.History(), base::ReadFile(layout.History()) + tail);
  }
};

TEST_F(HistoryCommandTest, LinesAreReadFromBothEndsWhateverTheirLength) {
  // Longer than a block, shorter, empty, at a block's very end.
  std::vector<std::string> lines = {
      std::string(70000, 'a'), "", std::string(65535, 'b'), "c", std::string(200000, 'd'), "", ""};
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  Write(layout.History(), text + "a line that was cut off");
  const HistoryFile file(layout.History());
  EXPECT_EQ(file.End(), text.size());
  std::vector<std::string> forwards;
  file.EachFrom(0, file.End(), [&](std::string_view line, uint64_t offset) {
    EXPECT_EQ(text.substr(offset, line.size() + 1), std::string(line) + "\n");
    forwards.emplace_back(line);
    return true;
  });
  EXPECT_EQ(forwards, lines);
  std::vector<std::string> backwards;
  file.EachFromLast([&](std::string_view line, uint64_t offset) {
    EXPECT_EQ(text.substr(offset, line.size() + 1), std::string(line) + "\n");
    backwards.emplace(backwards.begin(), line);
    return true;
  });
  EXPECT_EQ(backwards, lines);
}

TEST_F(HistoryCommandTest, NoFileIsNoEvents) {
  EXPECT_THAT(Since(0), IsEmpty());
  EXPECT_THAT(ReadHistory(layout), IsEmpty());
  EXPECT_EQ(LastNumberInHistory(layout), 0U);
}

TEST_F(HistoryCommandTest, ResumesAfterANumber) {
  AppendStaged(5);
  EXPECT_THAT(Since(0), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Since(3), ElementsAre(4, 5));
  EXPECT_THAT(Since(5), IsEmpty());
  EXPECT_THAT(Since(99), IsEmpty());
}

TEST_F(HistoryCommandTest, ShowsTheLastHundredUnlessToldSince) {
  AppendStaged(120);
  const std::vector<uint64_t> shown = Sequences({std::nullopt, false, true});
  EXPECT_THAT(shown, SizeIs(100));
  EXPECT_EQ(shown.front(), 21U);
  EXPECT_EQ(shown.back(), 120U);
}

TEST_F(HistoryCommandTest, NeverTellsHalfALineAndLosesNothingAcrossIt) {
  AppendStaged(2);
  Break("{\"activation_id\":\"\",\"sequence\":3,\"ti");
  EXPECT_THAT(Since(1), ElementsAre(2));
  AppendStaged(1);
  EXPECT_THAT(Since(2), ElementsAre(3));
  Break("\x01 no event\n");
  AppendStaged(1);
  EXPECT_THAT(Since(2), ElementsAre(3, 5));
}

TEST_F(HistoryCommandTest, NamesApplicationsAndReadsLinesThatDoNot) {
  Write(layout.History(),
        "{\"activation_id\":\"\",\"by\":\"me\",\"event\":\"staged\",\"from\":0,\"generation\":1,"
        "\"reason\":\"\",\"sequence\":1,\"time\":\"then\"}\n");
  Event event{0, "", "pruned", 1, 0, "", "me", ""};
  event.apps = {{"db", "0123456789abcdef"}, {"web", "fedcba9876543210"}};
  event.versions = {{"web", "1.4.0"}};
  AppendEvent(layout, event);
  Pipe pipe;
  base::Io io;
  io.out = pipe.to();
  RunHistory(layout, {0, false, false}, io);
  pipe.CloseWriter();
  const std::string text = pipe.Rest();
  EXPECT_THAT(text, HasSubstr("staged            generation 1  by me\n"));
  EXPECT_THAT(text, HasSubstr("\n        db 0123456789abcdef, web fedcba9876543210 (1.4.0)\n"));
}

TEST_F(HistoryCommandTest, ShowsTheEventsOfATime) {
  std::string lines;
  for (const int day : {20, 21, 23, 22, 24}) {  // the calendar was set back once
    lines += fmt::format(
        "{{\"activation_id\":\"\",\"by\":\"me\",\"event\":\"staged\",\"from\":0,\"generation\":1,"
        "\"reason\":\"\",\"sequence\":{},\"time\":\"2026-11-{}T12:00:00Z\"}}\n",
        lines.size() / 100 + 1, day);
  }
  Write(layout.History(), lines);
  const std::vector<uint64_t> all = Since(0);
  ASSERT_THAT(all, SizeIs(5));
  HistoryOptions options;
  options.json = true;
  options.from = base::FromIso8601("2026-11-21T12:00:00Z");
  EXPECT_THAT(Sequences(options), ElementsAre(all[1], all[2], all[3], all[4]));
  options.until = base::FromIso8601("2026-11-23T00:00:00Z");
  EXPECT_THAT(Sequences(options), ElementsAre(all[1], all[3]));
  options.from.reset();
  EXPECT_THAT(Sequences(options), ElementsAre(all[0], all[1], all[3]));
  options.since = all[0];
  EXPECT_THAT(Sequences(options), ElementsAre(all[1], all[3]));
}

TEST_F(HistoryCommandTest, EventsAreDurableBeforeTheyAreTold) {
  AppendStaged(1);
  tests::FaultySys sys;
  const base::ScopedSys scoped(sys);
  Pipe pipe;
  base::Io io;
  io.out = pipe.to();
  RunHistory(layout, {0, false, true}, io);
  EXPECT_THAT(sys.log(), testing::Contains("fsync " + layout.History()));
}

// A reader that follows while events are written, each in two halves, sees each of them once.
TEST_F(HistoryCommandTest, FollowsWhatIsWrittenMeanwhile) {
  AppendStaged(2);
  const std::string path = layout.History();
  Pipe pipe;
  const pid_t reader = ::fork();
  ASSERT_GE(reader, 0);
  if (reader == 0) {
    pipe.CloseReader();
    base::Io io;
    io.out = pipe.to();
    RunHistory(layout, {1, true, true}, io);
    ::_exit(0);
  }
  pipe.CloseWriter();
  EXPECT_EQ(SequenceOf(pipe.Line()), 2U);
  for (uint64_t number = 3; number < 8; ++number) {
    const base::UniqueFd fd = base::Open(path, O_WRONLY | O_APPEND);
    base::WriteAll(fd.get(), base::AsBytes("{\"sequence\":"), path);
    base::WriteAll(fd.get(), base::AsBytes(std::to_string(number) + "}\n"), path);
    EXPECT_EQ(SequenceOf(pipe.Line()), number);
  }
  Break("{\"sequence\":99");  // a crash, and the next event in its place
  AppendEvent(layout, {0, "", "staged", 1, 0, "", "", ""});
  EXPECT_EQ(SequenceOf(pipe.Line()), 8U);
  pipe.CloseReader();  // nobody listens any more: it ends
  int status = -1;
  EXPECT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0);
}

// What a sudo with a terminal of its own holds open has a reader for ever.
TEST_F(HistoryCommandTest, FollowsUntilItsInputEnds) {
  AppendStaged(1);
  Pipe in;
  Pipe out;
  const pid_t reader = ::fork();
  ASSERT_GE(reader, 0);
  if (reader == 0) {
    in.CloseWriter();
    base::Io io;
    io.in = in.from();
    io.out = out.to();
    HistoryOptions options;
    options.follow = options.until_input_ends = true;
    RunHistory(layout, options, io);
    ::_exit(0);
  }
  EXPECT_THAT(out.Line(), HasSubstr("staged"));
  in.CloseWriter();
  int status = -1;
  EXPECT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0);
}

TEST_F(HistoryCommandTest, AnInterruptIsTheWantedEndOfFollowing) {
  AppendStaged(1);
  Pipe out;
  const pid_t reader = ::fork();
  ASSERT_GE(reader, 0);
  if (reader == 0) {
    base::InstallInterruptHandlers();
    base::Io io;
    io.out = out.to();
    HistoryOptions options;
    options.follow = true;
    RunHistory(layout, options, io);
    ::_exit(0);
  }
  EXPECT_THAT(out.Line(), HasSubstr("staged"));
  ::kill(reader, SIGINT);
  int status = -1;
  EXPECT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0);
}

TEST_F(HistoryCommandTest, TellsPeopleWhoAskedForWhat) {
  AppendEvent(layout, {0, "", "rolled-back", 7, 6, "id", "ada from 192.0.2.1", "it \x1b failed",
                       "--set web=0123456789abcdef", 1234});
  Pipe pipe;
  base::Io io;
  io.out = pipe.to();
  RunHistory(layout, {}, io);
  pipe.CloseWriter();
  const std::string text = pipe.Rest();
  for (const char* part : {"1  20", "rolled-back", "generation 7, from 6", "by ada from 192.0.2.1",
                           "(--set web=0123456789abcdef, 1234 ms)", "it   failed"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(HistoryCommandTest, ASwitchNotesWhatWasAskedForAndHowLongItTook) {
  const uint64_t number = Stage("web", "one");
  ActivationRequest request;
  request.number = number;
  request.by = "ada from 192.0.2.1";
  request.activation_id = "id";
  request.what = "--generation 1";
  Activate(host, request);
  const std::vector<Event> events = ReadHistory(layout);
  EXPECT_EQ(events.back().what, "--generation 1");
  EXPECT_EQ(events.back().by, "ada from 192.0.2.1");
  SwitchRecord record;
  record.started_ms = base::ToUnixMs(base::SystemClock().Now()) - 5000;
  EXPECT_GE(EventOf(record, "activated").duration_ms, 5000U);
  record.started_ms += 1000000;  // the calendar was set back
  EXPECT_EQ(EventOf(record, "activated").duration_ms, 0U);
}

TEST_F(HistoryCommandTest, ReadsNoMoreOfALongPastThanItMust) {
  AppendEvent(layout, {0, "", "staged", 41, 0, "", "me", ""});
  std::string past = base::ReadFile(layout.History());
  for (uint64_t number = 2; number < 5000; ++number) {
    past += "{\"sequence\":" + std::to_string(number) + "}\n";
  }
  Write(layout.History(), past);
  AppendEvent(layout, {0, "", "staged", 42, 0, "", "me", ""});
  tests::FaultySys sys;
  const base::ScopedSys scoped(sys);
  EXPECT_EQ(AppendEvent(layout, {0, "", "pruned", 7, 0, "", "me", ""}), 5001U);
  EXPECT_EQ(LastNumberInHistory(layout), 42U);
  EXPECT_LT(std::count_if(sys.log().begin(), sys.log().end(),
                          [](const std::string& call) { return call.starts_with("pread"); }),
            12);
}

}  // namespace
}  // namespace activator
