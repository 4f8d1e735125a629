#include "base/tool.h"
#include "builder/imgbuild.h"

int main(int argc, char** argv) {
  return base::RunTool("imgbuild", argc, argv, &builder::RunImgbuild);
}
