#include "base/tool.h"
#include "pusher/enroll/enroll_verbs.h"
#include "pusher/imgpush.h"
#include "pusher/publish/publish_command.h"

namespace {

int Run(const std::vector<std::string>& arguments, const base::Io& io) {
  pusher::EnrollVerbs hosts;
  const std::optional<int> code = pusher::RunStoreCommand(arguments, io, hosts);
  return code ? *code : pusher::RunImgpush(arguments, io);
}

}  // namespace

int main(int argc, char** argv) { return base::RunTool("imgpush", argc, argv, &Run); }
