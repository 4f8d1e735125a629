// Turns SIGINT, SIGTERM and SIGHUP into an Error{kInterrupted}, thrown by a long operation at its
// next safe point, so that destructors clean up. Ignores SIGPIPE: a write fails with EPIPE.
#ifndef SLIPWAY_BASE_INTERRUPT_H_
#define SLIPWAY_BASE_INTERRUPT_H_

namespace base {

// Installs the handlers; once, in main. The second signal, of whichever kind, ends the process at
// once. A signal that was ignored when we were started (nohup) stays ignored.
void InstallInterruptHandlers();
bool Interrupted();
void ThrowIfInterrupted();

}  // namespace base

#endif  // SLIPWAY_BASE_INTERRUPT_H_
