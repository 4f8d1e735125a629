// Judges what a host said of itself: what works there, and what to do about each "no".
#ifndef SLIPWAY_PUSHER_DIAGNOSIS_H_
#define SLIPWAY_PUSHER_DIAGNOSIS_H_

#include <string>
#include <vector>

#include "images/version/manifest.h"
#include "pusher/ssh/examination.h"

namespace pusher {

enum class Verdict {
  kYes,
  kNote,     // worth knowing; a push and an activation work
  kNo,       // a push or an activation would fail
  kUnknown,  // it could not be asked
};
std::string ToText(Verdict verdict);

struct Finding {
  std::string name;
  Verdict verdict = Verdict::kYes;
  std::string text;    // what was found
  std::string advice;  // what to do, where the text does not say it
};

// `images` are to run there: empty manifests but for what they need of a host.
std::vector<Finding> Diagnose(const Examination& host, const std::vector<images::Manifest>& images);

// Whether a push and an activation of the images would work.
bool IsReady(const std::vector<Finding>& findings);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DIAGNOSIS_H_
