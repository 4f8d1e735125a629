// SIGINT, SIGTERM and SIGHUP as an Error{kInterrupted} that a long operation throws at its next
// safe point, so that destructors clean up. SIGPIPE and SIGXFSZ are ignored: a write answers EPIPE
// or EFBIG instead. What a parent ignored or blocked beside that is as usual again.
#ifndef SLIPWAY_BASE_INTERRUPT_H_
#define SLIPWAY_BASE_INTERRUPT_H_

namespace base {

// Installs the handlers; once, in main. The second signal, of whichever kind, ends the process at
// once. A signal that was ignored when we were started (nohup) stays ignored.
void InstallInterruptHandlers();
bool Interrupted();
void ThrowIfInterrupted();
// Whether we are interrupted, or will be within a second: a terminal interrupts a child as well,
// and its end may come before our own signal. For whoever finds such a child ended.
bool InterruptedWithinASecond();

}  // namespace base

#endif  // SLIPWAY_BASE_INTERRUPT_H_
