// The reports of the commands that look into images, for people and as JSON.
#ifndef SLIPWAY_BUILDER_INSPECT_IMAGE_TEXTS_H_
#define SLIPWAY_BUILDER_INSPECT_IMAGE_TEXTS_H_

#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/image_difference.h"
#include "builder/inspect/image_report.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"
#include "units/render.h"

namespace builder {

std::string ReportText(const images::ImageDirectory& image, const ImageReport& report);
std::string ReportJson(const images::ImageDirectory& image, const ImageReport& report);
// The names under which miniserver's manifest.json says the same.
std::string MiniserverJson(const images::ImageDirectory& image);

std::string DifferenceText(const images::ImageDirectory& from, const images::ImageDirectory& to,
                           const ImageDifference& difference);
std::string DifferenceJson(const images::ImageDirectory& from, const images::ImageDirectory& to,
                           const ImageDifference& difference);

std::string BuiltJson(const images::ImageDirectory& image);
std::string VerifiedJson(const images::ImageDirectory& image,
                         const std::optional<images::Release>& release);
std::string ExtractedJson(const images::ImageDirectory& image, const std::string& folder);
std::string UnitsJson(const std::vector<units::RenderedUnit>& units);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_IMAGE_TEXTS_H_
