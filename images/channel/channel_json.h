// Fields that the documents of a channel have in common. Included only by files of a format.
#ifndef SLIPWAY_IMAGES_CHANNEL_CHANNEL_JSON_H_
#define SLIPWAY_IMAGES_CHANNEL_CHANNEL_JSON_H_

#include <string>

#include "base/json_fields.h"
#include "images/channel/channel_types.h"

namespace images {

// "2026-11-29T21:11:08Z", of this century.
TimePoint ReadTime(base::JsonFields& fields, const std::string& field);
std::string ReadChannelName(base::JsonFields& fields, const std::string& field);
uint64_t ReadVersion(base::JsonFields& fields, const std::string& field, uint64_t least = 1);
// One line that shows as it is.
std::string ReadText(base::JsonFields& fields, const std::string& field, size_t max_bytes);
AppliedSet ReadApplied(base::JsonFields fields);
base::Json ToJson(const AppliedSet& applied);

// Throws where `text` has more than `max_bytes`.
void CheckSize(const std::string& text, size_t max_bytes, const std::string& where);
// Throws where `format` is not `known`; `newer` says what to do about it.
void CheckFormat(base::JsonFields& fields, uint64_t known, const char* newer);
// Throws where `written`, what was read and is written again, is not `text`.
void CheckCanonical(const std::string& written, const std::string& text, const std::string& where);

// Throws unless `text` is at most `max_bytes` of a-z, A-Z, 0-9 and "._-" and, unless it may be
// empty, begins with a letter or digit.
enum class Emptiness { kRefused, kTaken };
void CheckWord(const base::JsonFields& fields, const std::string& field, const std::string& text,
               size_t max_bytes, Emptiness emptiness = Emptiness::kRefused);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_CHANNEL_JSON_H_
