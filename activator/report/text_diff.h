// Finds the lines in which two texts differ.
#ifndef SLIPWAY_ACTIVATOR_REPORT_TEXT_DIFF_H_
#define SLIPWAY_ACTIVATOR_REPORT_TEXT_DIFF_H_

#include <string>

namespace activator {

// Removed lines with "-", added ones with "+" before them, in order, by a longest common
// subsequence; lines that both have are left out. Takes time and memory of the product of their
// numbers of lines: for texts such as units.
std::string DiffLines(const std::string& from, const std::string& to);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_TEXT_DIFF_H_
