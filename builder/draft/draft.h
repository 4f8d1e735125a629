// A definition before it is written, with the reasons for its lines. Plain data.
#ifndef SLIPWAY_BUILDER_DRAFT_DRAFT_H_
#define SLIPWAY_BUILDER_DRAFT_DRAFT_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "images/definition/source.h"
#include "images/service/service.h"

namespace builder {

struct Draft {
  std::string name;
  std::string what;  // for the first comment: "a script of python3, /srv/app.py"
  images::Source source;
  std::map<std::string, std::string> files;  // contents.files: path in the image -> path here
  std::set<std::string> add;                 // contents.add
  std::set<std::string> sets;                // contents.sets
  std::set<std::string> empty_folders;       // contents.directories
  images::Service service;                   // its only one, called like the image
  // StateDirectory= and so on: option -> names, where the service's own name is not enough.
  std::map<std::string, std::set<std::string>> directories;
  // Comments before a field ("ports") or at the end of its object ("contents", "service").
  std::map<std::string, std::vector<std::string>> notes;
  std::vector<std::string> trial;  // what became of it in a trial; comments at the top
  enum class Check { kUnknown, kHttp, kTcp, kNone } check = Check::kUnknown;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_DRAFT_DRAFT_H_
