import ArgumentParser
import SansIOTLS

/// What client and server have in common.
struct TLSOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Application protocols (ALPN), preferred first.", valueName: "a,b"))
  var alpn: String?

  @OptionGroup var versions: VersionOptions

  @Option(
    help: ArgumentHelp(
      "Append the connection's secrets, for Wireshark. Whoever has them can read it.", valueName: "file"))
  var keylog: String?

  @Flag(help: "Say on standard error what was agreed on, moved, and how each side closed.")
  var stats = false

  @Flag(help: "Show a bar, if standard error is a terminal.")
  var progress = false

  @Flag(help: "Say on standard error what goes on.")
  var verbose = false

  func apply(to configuration: inout TLSContext.Configuration) throws {
    versions.apply(to: &configuration)
    if let alpn { configuration.applicationProtocols = alpn.split(separator: ",").map(String.init) }
    if let keylog {
      let file = try KeyLogFile(path: keylog)
      configuration.keyLog = { line in file.append(line) }
    }
  }

  /// Tells, if asked to.
  func note(_ line: @autoclosure () -> String) {
    if verbose { StandardError.say(line()) }
  }
}
