#include "base/tool.h"
#include "pusher/imgpush.h"

int main(int argc, char** argv) {
  return base::RunTool("imgpush", argc, argv, &pusher::RunImgpush);
}
