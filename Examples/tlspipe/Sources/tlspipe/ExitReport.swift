import ArgumentParser
import SansIOTLS
import SansIOTLSTransports

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
    case .transportFailure(.ciphertext, let error):
      code = Self.transportFailure
      line = "the way to the peer failed (\(error)); check the network or COMMAND that carries the connection"
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
      line = error.description
    }
  }

  /// A command line that can be parsed and cannot be done: a file that is not there, a descriptor that is not open.
  static func usage(_ line: String) -> ExitCode {
    StandardError.say(line)
    return usage
  }

  /// An error before anything moved: a configuration that libssl refuses.
  static func configurationRefused(_ error: TLSError) -> ExitCode {
    StandardError.say(error.description)
    return tlsFailure
  }

  /// Says the line where it matters, and leaves with the code.
  ///
  /// - Throws: the code, if it is not success.
  func leave(_ options: TLSOptions) throws {
    if code == .success { return options.note(line) }
    StandardError.say(line)
    throw code
  }
}
