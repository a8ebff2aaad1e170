import ArgumentParser
import SansIOTLS

/// The checks of the peer's certificate beyond its chain: pins and CRLs.
struct RevocationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Accept only a peer with this key in its chain: the base64 SHA-256 of the key, as in sha256/4HxQ…; may be "
        + "repeated, and a second one keeps the peer within reach if it changes its key.", valueName: "pin"))
  var pin: [String] = []

  @Option(
    help: ArgumentHelp(
      "Refuse a peer whose certificate is revoked by this CRL (PEM or DER) of its issuer; may be repeated.",
      valueName: "file"))
  var crl: [String] = []

  @Flag(help: "Check the whole chain by --crl, and not the peer's own certificate alone.")
  var crlChain = false

  /// - Parameter verifies: whether the peer's certificate is verified.
  /// - Parameter advice: what to do if it is not.
  func check(verifies: Bool, advice: String) throws {
    if !verifies, !pin.isEmpty || !crl.isEmpty {
      throw ValidationError("--pin and --crl are checked with the peer's certificate; \(advice)")
    }
    if crlChain, crl.isEmpty { throw ValidationError("--crl-chain needs --crl") }
    for text in pin where (try? TLSPublicKeyPin(text)) == nil {
      throw ValidationError(
        "--pin \(text): a pin is the base64 of a SHA-256 digest, 44 characters, with sha256/ before them or not")
    }
  }

  /// - Throws: `ExitCode` after reporting the error.
  func apply(to configuration: inout TLSContext.Configuration) throws {
    configuration.pinnedKeys = Set(pin.compactMap { try? TLSPublicKeyPin($0) })
    if crl.isEmpty { return }
    let lists = try crl.flatMap { try Credentials.revocationLists(NamedFile("--crl", $0)) }
    configuration.revocation = crlChain ? .chain(lists) : .leaf(lists)
  }
}
