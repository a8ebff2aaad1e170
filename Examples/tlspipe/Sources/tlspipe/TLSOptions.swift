import ArgumentParser
import SansIOTLS

/// The options of client and server.
struct TLSOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Abort with exit code 1 if the handshake is not complete after this time.", valueName: "seconds"))
  var handshakeTimeout: Seconds?

  @Option(help: ArgumentHelp("Application protocols (ALPN), preferred first.", valueName: "a,b"))
  var alpn: String?

  @OptionGroup var versions: VersionOptions

  @OptionGroup var parameters: ParameterOptions

  @OptionGroup var preSharedKeys: PreSharedKeyOptions

  @OptionGroup var libraryOptions: LibraryOptions

  @Option(
    help: ArgumentHelp(
      "Append the connection's secrets, for Wireshark. Anyone who has them can decrypt the connection.",
      valueName: "file"))
  var keylog: String?

  @Option(
    defaultAsFlag: LadderOutput.Destination.standardError, parsing: .next,
    help: ArgumentHelp(
      "Draw the connection's messages when it has ended: on standard error, or into a file (SVG if it is named so).",
      valueName: "file.svg"))
  var ladder: LadderOutput.Destination?

  @Option(
    help: ArgumentHelp(
      "Capture the connection with its secrets, for Wireshark. Anyone who has the file can decrypt the connection.",
      valueName: "file.pcapng"))
  var capture: String?

  @Flag(help: "Show the peer's certificate chain on standard error: names, dates, key, pins.")
  var showCertificates = false

  @Flag(help: "Say on standard error what was agreed on, moved, and how each side closed.")
  var stats = false

  @Flag(help: "Show a bar, if standard error is a terminal.")
  var progress = false

  @Flag(help: "Report progress on standard error.")
  var verbose = false

  /// Creates the observer that the options request; `nil` if they request none.
  ///
  /// - Throws: `ExitCode` after reporting that a file cannot be opened.
  func recording(_ side: TLSRole) throws -> Recording? {
    guard ladder != nil || capture != nil || keylog != nil else { return nil }
    let ladder = try ladder.map { try LadderOutput($0, side) }
    let capture = try capture.map { try CaptureFile($0, side) }
    let keyLog = try keylog.map { try KeyLogFile($0) }
    return Recording(side, ladder: ladder, capture: capture, keyLog: keyLog)
  }

  func check() throws {
    try versions.check()
    try parameters.check()
    try preSharedKeys.check()
    try libraryOptions.check()
    if alpn != nil, protocols.contains(where: { !(1...255).contains($0.utf8.count) }) {
      throw ValidationError("--alpn takes names of 1 to 255 bytes, separated by commas")
    }
  }

  private var protocols: [String] {
    alpn?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
  }

  func apply(
    to configuration: inout TLSContext.Configuration, _ recording: Recording?, _ library: TLSLibraryContext
  ) throws {
    versions.apply(to: &configuration)
    try parameters.apply(to: &configuration, library)
    configuration.preSharedKeys = try preSharedKeys.keys()
    configuration.library = library
    configuration.applicationProtocols = protocols
    configuration.tracesMessages = ladder != nil
    if keylog != nil || capture != nil { configuration.keyLog = TLSKeyLog { recording?.keyLog($0) } }
  }

  /// The engine's limits: buffers of four records, as much as a pipe holds, so that each call moves several.
  static var limits: TLSEngine.Limits {
    var limits = TLSEngine.Limits.default
    limits.bufferByteCount = 68 * 1024
    return limits
  }

  /// The end of --handshake-timeout, from now on; `nil` without.
  var handshakeDeadline: ContinuousClock.Instant? { handshakeTimeout.map { .now + $0.duration } }

  /// Reports progress if the options request it.
  func note(_ line: @autoclosure () -> String) {
    if verbose { StandardError.say(line()) }
  }
}
