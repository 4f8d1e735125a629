#include "base/tool.h"
#include "fetcher/fetch.h"

int main(int argc, char** argv) { return base::RunTool("fetch", argc, argv, &fetcher::RunFetch); }
