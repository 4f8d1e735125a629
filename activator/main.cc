#include "activator/activate.h"
#include "base/tool.h"

int main(int argc, char** argv) {
  return base::RunTool("activate", argc, argv, &activator::RunActivate);
}
