// Sources that bring a whole root: a directory of this machine, or an OCI image.
#ifndef SLIPWAY_BUILDER_SOURCE_ROOT_SOURCE_H_
#define SLIPWAY_BUILDER_SOURCE_ROOT_SOURCE_H_

#include "base/io.h"
#include "builder/source/closure.h"

namespace builder {

// Without `preserve`, all is root's, modes keep who may read and execute, times are the image's,
// and devices, fifos and sockets are left out, which `io` is told: a service gets its /dev from the
// host.
Closure ResolveRoot(const images::RootSource& source, const base::Io& io);

// `source.path` may name one of several images (ParseOciReference). Owners, modes, times and
// extended attributes are the image's own. Its files are unpacked into a private directory below
// $TMPDIR or /var/tmp, which goes with the closure. Says on `io` what the image asks for and does
// not get.
Closure ResolveOci(const images::OciSource& source, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_ROOT_SOURCE_H_
