import ArgumentParser
import SansIOTLS

/// The allowed protocol versions.
struct VersionOptions: ParsableArguments {
  /// A version as the value of an option.
  enum Version: String, ExpressibleByArgument, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"

    var value: TLSVersion { self == .tls12 ? .tls12 : .tls13 }
  }

  @Option(help: "The oldest version allowed.")
  var minVersion: Version?

  @Option(help: "The newest version allowed.")
  var maxVersion: Version?

  func check() throws {
    if minVersion == .tls13 && maxVersion == .tls12 {
      throw ValidationError("--min-version 1.3 and --max-version 1.2 leave no version")
    }
  }

  func apply(to configuration: inout TLSContext.Configuration) {
    configuration.minimumVersion = minVersion?.value
    configuration.maximumVersion = maxVersion?.value
  }

  /// The options as arguments for another process of this program.
  var arguments: [String] {
    (minVersion.map { ["--min-version", $0.rawValue] } ?? [])
      + (maxVersion.map { ["--max-version", $0.rawValue] } ?? [])
  }
}
