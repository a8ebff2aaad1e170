import ArgumentParser
import SansIOTLS
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How a run ends for the shell: an exit code and one line that says what happened and what to do.
struct ExitReport {
  static let transportFailure = ExitCode(1)
  static let tlsFailure = ExitCode(2)
  static let truncated = ExitCode(3)

  /// EX_USAGE of sysexits(3), as ArgumentParser has it.
  static let usage = ExitCode.validationFailure

  let code: ExitCode
  let line: String

  init(_ report: RelayReport) {
    switch report.outcome {
    case .clean, .running:
      code = .success
      line = "closed cleanly by both sides"
    case .transportFailure(.ciphertext, .handshakeTimeout) where report.negotiated == nil:
      code = Self.transportFailure
      line =
        "the handshake was not done in the time of --handshake-timeout; the peer, or what carries the connection, "
        + "does not answer"
    case .transportFailure(.ciphertext, let error):
      code = Self.transportFailure
      line = "the way to the peer failed (\(error)); check the network or COMMAND that carries the connection"
    case .transportFailure(.plaintext, let error) where report.plaintextDropped > 0 && !error.isDisconnection:
      code = Self.transportFailure
      line =
        "the plaintext could not be written (\(error)): \(report.plaintextDropped) bytes were dropped; "
        + "do not take what was written for the whole"
    case .transportFailure(.plaintext, let error) where report.plaintextDropped > 0:
      code = Self.transportFailure
      line =
        "the reader of the plaintext has gone (\(error)): \(report.plaintextDropped) bytes were dropped; "
        + "keep it reading until the end"
    case .transportFailure(.plaintext, let error):
      code = Self.transportFailure
      line = "the plaintext could not be read (\(error)); the peer was not told that it is complete"
    case .truncated where report.ciphertextReceived == 0:
      code = Self.transportFailure
      line = "the way to the peer ended before the peer sent anything; check the address, and COMMAND's own words"
    case .truncated(let error) where report.negotiated == nil:
      code = Self.truncated
      line = "\(error.hint); the peer, or whatever carries the connection, gave up without a word: ask there"
    case .truncated(let error):
      code = Self.truncated
      line =
        "\(error.hint); \(report.plaintextReceived) bytes that came before were delivered, "
        + "and more may be missing: do not take them for the whole"
    case .tlsFailure(let error):
      code = Self.tlsFailure
      line = TLSErrorText.line(error, isHandshakeDone: report.negotiated != nil)
    }
  }

  /// A command line that can be parsed and cannot be done: a file that is not there, a descriptor that is not open.
  static func usage(_ line: String) -> ExitCode {
    StandardError.say(line)
    return usage
  }

  /// An error before anything moved: a certificate, a key or a configuration that is refused.
  static func refused(_ line: String) -> ExitCode {
    StandardError.say(line)
    return tlsFailure
  }

  /// Says the line where it matters, and leaves with the code.
  ///
  /// - Parameter recording: what was to be written besides; if it is not whole, and nothing worse happened, the code is 1.
  /// - Throws: the code, if it is not success.
  func leave(_ options: TLSOptions, _ recording: Recording?) throws {
    if code == .success { options.note(line) } else { StandardError.say(line) }
    if code != .success { throw code }
    if recording?.isComplete == false || StandardError.isIncomplete { throw Self.transportFailure }
  }
}

extension TransportError {
  /// What a relay reports whose handshake was given up at its deadline.
  fileprivate static let handshakeTimeout = TransportError(.poll, number: ETIMEDOUT)
}
