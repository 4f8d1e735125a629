#include "base/tool.h"
#include "pusher/imgpush.h"
#include "pusher/publish/publish_command.h"

namespace {

int Run(const std::vector<std::string>& arguments, const base::Io& io) {
  const std::optional<int> code = pusher::RunStoreCommand(arguments, io);
  return code ? *code : pusher::RunImgpush(arguments, io);
}

}  // namespace

int main(int argc, char** argv) { return base::RunTool("imgpush", argc, argv, &Run); }
