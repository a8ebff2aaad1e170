#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Suppresses SIGPIPE during one `write(2)`.
///
/// For a socket a flag of the call does this; a pipe has no such flag. Ignoring the signal would suffice, but the
/// disposition belongs to the whole process, is inherited through `exec`, and is not a library's to change. The signal
/// that a write raises is sent to the writing thread, so this thread blocks it, accepts it if it was raised, and
/// restores its mask: no other thread and no handler notices.
///
/// Corresponds to `pthread_sigmask(3)`, `sigpending(2)` and `sigwait(3)`.
enum BrokenPipeSignal {
  // Sound: every pointer is to a local variable that lives through its call; each set is filled before it is read.
  static func suppressed<Value>(during body: () -> Value) -> Value {
    var pipeSignal = sigset_t()
    var previous = sigset_t()
    unsafe sigemptyset(&pipeSignal)
    unsafe sigaddset(&pipeSignal, SIGPIPE)
    // A signal that was pending before, raised elsewhere under the host's own mask, is left for the host.
    let alreadyPending = isPending
    unsafe pthread_sigmask(SIG_BLOCK, &pipeSignal, &previous)
    let value = body()
    let savedError = errno
    if !alreadyPending && isPending {
      var taken: Int32 = 0
      _ = unsafe sigwait(&pipeSignal, &taken)
    }
    unsafe pthread_sigmask(SIG_SETMASK, &previous, nil)
    errno = savedError
    return value
  }

  private static var isPending: Bool {
    var pending = sigset_t()
    unsafe sigemptyset(&pending)
    return unsafe sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1
  }
}
