// What an ELF file says in notes of its own that it opens at run time, as UAPI.12 ("dlopen()
// Metadata for ELF Files", https://uapi-group.org/specifications/specs/elf_dlopen_metadata/) has
// it.
#ifndef SLIPWAY_BUILDER_SOURCE_DLOPEN_NOTE_H_
#define SLIPWAY_BUILDER_SOURCE_DLOPEN_NOTE_H_

#include <string>
#include <string_view>
#include <vector>

namespace builder {

struct DlopenRequest {
  enum class Priority { kRequired, kRecommended, kSuggested };

  std::vector<std::string> sonames;  // of which the first that is there is opened
  Priority priority = Priority::kRecommended;
  std::string feature;  // a word; may be empty
};

// Of one note's text. What is not as the specification has it is left out: it says nothing.
std::vector<DlopenRequest> ParseDlopenNote(std::string_view text);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_DLOPEN_NOTE_H_
