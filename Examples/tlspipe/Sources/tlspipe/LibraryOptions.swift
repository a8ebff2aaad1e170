import ArgumentParser
import SansIOTLS

/// The part of libcrypto that the connection uses, and keys without certificates.
struct LibraryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use the algorithms of this provider of libcrypto, and of no other; a path needs a slash. May be repeated.",
      valueName: "name|path"))
  var provider: [String] = []

  @Option(
    help: ArgumentHelp("Use only algorithms that have these properties, for example fips=yes.", valueName: "query"))
  var properties: String?

  @Option(
    help: ArgumentHelp("Load this openssl.cnf for the providers, and not the system's.", valueName: "file"))
  var providerConfig: String?

  @Option(
    help: ArgumentHelp(
      "Accept the peer that proves this public key (DER) instead of a certificate. May be repeated.",
      valueName: "file"))
  var peerKey: [String] = []

  @Flag(help: "Present the public key of --certificate alone to a peer that accepts it.")
  var rawPublicKey = false

  func check() throws {
    if provider.contains("") { throw ValidationError("--provider takes the name of a provider, or a path") }
  }

  /// Creates the library context that the options request.
  ///
  /// - Throws: `ExitCode` after reporting the option that cannot be fulfilled.
  func library() throws -> TLSLibraryContext {
    if provider.isEmpty, properties == nil, providerConfig == nil { return .default }
    do throws(TLSError) {
      return try TLSLibraryContext(configurationFile: providerConfig, providers: provider, properties: properties)
    } catch {
      let option =
        switch error.code {
        case .unknownProvider where provider.isEmpty: "--provider-config \(providerConfig ?? "")"
        case .unknownProvider, .insufficientProviders: "--provider \(provider.joined(separator: " --provider "))"
        case .invalidPropertyQuery, .unsatisfiedPropertyQuery: "--properties \(properties ?? "")"
        default: "--provider-config \(providerConfig ?? "")"
        }
      throw ExitReport.refused("\(option): \(TLSErrorText.line(error))")
    }
  }

  /// Sets the keys that are accepted and presented.
  ///
  /// - Throws: `ExitCode` after reporting that a file cannot be read.
  func applyKeys(to configuration: inout TLSContext.Configuration) throws {
    configuration.acceptedPublicKeys = try peerKey.map { try NamedFile("--peer-key", $0).read() }
    configuration.presentsRawPublicKey = rawPublicKey
  }
}
