import ArgumentParser
import SansIOTLS
import SansIOTLSTransports
import Subprocess

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The result of a run for the shell: an exit code, and one line with the error and its remedy.
struct ExitReport {
  static let transportFailure = ExitCode(1)
  static let tlsFailure = ExitCode(2)
  static let truncated = ExitCode(3)

  /// EX_USAGE of sysexits(3), the code that ArgumentParser uses.
  static let usage = ExitCode.validationFailure

  let code: ExitCode
  let line: String

  /// - Parameters:
  ///   - report: the relay's report.
  ///   - command: the termination status of COMMAND; `nil` if there was none, or if it had to be terminated.
  init(_ report: RelayReport, command: TerminationStatus? = nil) {
    let connection = Self.connection(report)
    let (loss, failure) = (Self.loss(report), command?.failure)
    let isCommandToBlame = failure != nil && (connection.code == .success || connection.isAboutCommand)
    code = isCommandToBlame ? Self.transportFailure : connection.code
    // The cause precedes its consequences.
    let reasons = isCommandToBlame ? [failure, connection.line, loss] : [connection.line, loss, failure]
    line = reasons.compactMap(\.self).joined(separator: "; ")
  }

  /// The amount that was not sent.
  private static func loss(_ report: RelayReport) -> String? {
    let unread = report.ciphertextUnread
    let left = unread == 0 ? "" : ", and \(unread) bytes of ciphertext were sent but not read"
    return report.plaintextUnsent + unread == 0
      ? nil : "\(report.plaintextUnsent) bytes of plaintext were not sent\(left)"
  }

  /// The outcome of the connection, independent of COMMAND's.
  private static func connection(_ report: RelayReport) -> (code: ExitCode, line: String, isAboutCommand: Bool) {
    let code: ExitCode
    let line: String
    switch report.outcome {
    case .clean, .running:
      code = .success
      line = "closed cleanly by both sides"
    case .transportFailure(.ciphertext, .handshakeTimeout) where report.negotiated == nil:
      code = Self.transportFailure
      line =
        "the handshake did not complete within --handshake-timeout; the peer, or the carrier of the connection, "
        + "does not answer"
    case .incomplete:
      return (
        transportFailure, "what it wrote was sent, without close_notify, so the peer sees it as incomplete", true
      )
    case .transportFailure(.ciphertext, let error) where report.remoteEnding == .closeNotify:
      code = Self.transportFailure
      line = "the peer closed and left before everything was sent (\(error)); let it read until the end"
    case .transportFailure(.ciphertext, let error):
      code = Self.transportFailure
      line = "the transport failed (\(error)); check the network or the COMMAND that carries the connection"
    case .transportFailure(.plaintext, let error) where report.plaintextDropped > 0 && !error.isDisconnection:
      code = Self.transportFailure
      line =
        "the plaintext could not be written (\(error)): \(report.plaintextDropped) bytes were dropped; "
        + "what was written is incomplete"
    case .transportFailure(.plaintext, let error) where report.plaintextDropped > 0:
      code = Self.transportFailure
      line =
        "the reader of the plaintext ended (\(error)): \(report.plaintextDropped) bytes were dropped; "
        + "keep it reading until the end"
    case .transportFailure(.plaintext, let error):
      code = Self.transportFailure
      line = "the plaintext could not be read (\(error)); close_notify was not sent, so the peer sees it as incomplete"
    case .truncated where report.ciphertextReceived == 0:
      code = Self.transportFailure
      line = "the transport ended before the peer sent anything; check the address, and COMMAND's own messages"
    case .truncated(let error) where report.negotiated == nil:
      code = Self.truncated
      line =
        "\(error.hint); the peer, or the carrier of the connection, ended without an alert: "
        + "look for the reason in its log"
    case .truncated(let error):
      code = Self.truncated
      line =
        "\(error.hint); \(report.plaintextReceived) bytes received before were delivered, "
        + "and more may be missing: treat them as incomplete"
    case .tlsFailure(let error):
      code = Self.tlsFailure
      line = TLSErrorText.line(error, isHandshakeDone: report.negotiated != nil)
    }
    return (code, line, false)
  }

  /// A command line that can be parsed but not executed: a missing file, a descriptor that is not open.
  static func usage(_ line: String) -> ExitCode {
    StandardError.say(line)
    return usage
  }

  /// An error before any transfer: a certificate, a key or a configuration that is refused.
  static func refused(_ line: String) -> ExitCode {
    StandardError.say(line)
    return tlsFailure
  }

  /// Prints the line if there is one, and exits with the code.
  ///
  /// - Parameters:
  ///   - recording: the other output; if it is incomplete, an exit code of 0 becomes 1.
  ///   - isComplete: whether what else was to be written was.
  /// - Throws: the code, unless it is 0.
  func leave(_ options: TLSOptions, _ recording: Recording?, isComplete: Bool = true) throws {
    if code == .success { options.note(line) } else { StandardError.say(line) }
    if code != .success { throw code }
    if !isComplete || recording?.isComplete == false || StandardError.isIncomplete { throw Self.transportFailure }
  }
}

extension TransportError {
  /// The report of a relay whose handshake was aborted at its deadline.
  fileprivate static let handshakeTimeout = TransportError(.poll, number: ETIMEDOUT)
}
