import SansIOTLSTransports
import Subprocess

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A running COMMAND, observed without collecting its exit status, for which Subprocess waits.
struct RunningCommand: Sendable {
  let identifier: pid_t

  var isRunning: Bool { outputEnd() == .undecided }

  /// The meaning of the end of its output: a program that a signal terminated has not written everything.
  ///
  /// Corresponds to `waitid(2)` with WNOWAIT.
  func outputEnd() -> Relay.PlaintextEnd {
    // Sound: the structure is valid during the call, and only its numbers are read.
    var information = unsafe siginfo_t()
    let result = unsafe waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT)
    guard result == 0 else { return errno == EINTR ? .undecided : .complete }
    // Zero while it runs.
    if unsafe information.si_signo == 0 { return .undecided }
    return unsafe information.si_code == Int32(CLD_EXITED) ? .complete : .incomplete
  }
}

extension TerminationStatus {
  /// A description of the failure of COMMAND; `nil` if it succeeded.
  var failure: String? {
    switch self {
    case .exited(0): nil
    case .exited(let code): "COMMAND exited \(code)"
    // Sound: the text of strsignal(3) is valid until this thread's next call.
    case .signaled(let signal):
      "COMMAND was killed by signal \(signal) (\(unsafe strsignal(signal).map { unsafe String(cString: $0) } ?? "?"))"
    }
  }
}
