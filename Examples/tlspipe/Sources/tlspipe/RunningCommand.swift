import SansIOTLSTransports
import Subprocess

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A COMMAND that runs, seen without taking its exit status from Subprocess, which waits for it.
struct RunningCommand: Sendable {
  let identifier: pid_t

  var isRunning: Bool { outputEnd() == .undecided }

  /// What the end of its output means: a program that a signal ended has not written all that it meant to write.
  ///
  /// Corresponds to `waitid(2)` with WNOWAIT.
  func outputEnd() -> Relay.PlaintextEnd {
    // Sound: the structure lives through the call, and of its fields only plain numbers are read.
    var information = unsafe siginfo_t()
    let result = unsafe waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT)
    guard result == 0 else { return errno == EINTR ? .undecided : .complete }
    // Zero as long as it runs.
    if unsafe information.si_signo == 0 { return .undecided }
    return unsafe information.si_code == Int32(CLD_EXITED) ? .complete : .incomplete
  }
}

extension TerminationStatus {
  /// What went wrong with COMMAND, for people; `nil` if nothing did.
  var failure: String? {
    switch self {
    case .exited(0): nil
    case .exited(let code): "COMMAND exited \(code)"
    // Sound: strsignal(3) gives a text that lives until this thread asks for the next.
    case .signaled(let signal):
      "COMMAND was killed by signal \(signal) (\(unsafe strsignal(signal).map { unsafe String(cString: $0) } ?? "?"))"
    }
  }
}
