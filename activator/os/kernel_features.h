// Finds which EROFS codecs this host's kernel mounts, by mounting a tiny image of each kind in a
// mount namespace of our own. Neither the kernel's version nor /sys/fs/erofs says which codecs it
// was built with.
#ifndef SLIPWAY_ACTIVATOR_OS_KERNEL_FEATURES_H_
#define SLIPWAY_ACTIVATOR_OS_KERNEL_FEATURES_H_

#include <string>
#include <vector>

namespace activator {

// Of the features that an image may require ("erofs-zstd") those that this kernel mounts and reads,
// and kVerityFeature, sorted. Needs root.
std::vector<std::string> ProbeFeatures();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_KERNEL_FEATURES_H_
