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
/// Only a write that fails with EPIPE raises it. Any other costs two calls for the mask, in a thread that blocks the
/// signal already one for the mask and one for what is pending.
///
/// Corresponds to `pthread_sigmask(3)`, `sigpending(2)` and `sigwait(3)`.
enum BrokenPipeSignal {
  /// - Parameter body: Makes the call.
  /// - Returns: The result of the call; negative if it failed, as `errno` states.
  // Sound: every pointer is to a local variable that lives through its call; each set is filled before it is read.
  static func suppressed(during body: () -> Int) -> Int {
    var pipeSignal = sigset_t()
    var previous = sigset_t()
    unsafe sigemptyset(&pipeSignal)
    unsafe sigaddset(&pipeSignal, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &pipeSignal, &previous)
    // A signal that is pending already is left for the host: it was raised elsewhere. Only a thread that blocked the
    // signal before this call can have one; otherwise it would have been delivered.
    let wasBlocked = unsafe sigismember(&previous, SIGPIPE) == 1
    let alreadyPending = wasBlocked && isPending
    let result = body()
    let savedError = errno
    if result < 0 && savedError == EPIPE && !alreadyPending && isPending {
      var taken: Int32 = 0
      _ = unsafe sigwait(&pipeSignal, &taken)
    }
    if !wasBlocked { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }
    errno = savedError
    return result
  }

  private static var isPending: Bool {
    var pending = sigset_t()
    unsafe sigemptyset(&pending)
    return unsafe sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1
  }
}
