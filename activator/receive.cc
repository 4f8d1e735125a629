#include "activator/receive.h"

#include "activator/probe.h"
#include "activator/receive_session.h"
#include "activator/root.h"
#include "activator/stage.h"

namespace activator {

int RunReceive(const ReceiveOptions& options, const base::Io& io) {
  return RunReceiveWith(options, {&PrepareRoot, &ProbeFeatures, &StageGeneration}, io);
}

}  // namespace activator
