/// What many connections share: configuration, identities, trust. Made once, immutable, cheap to pass around.
///
/// Corresponds to `SSL_CTX_new(3)`.
public final class TLSContext: Sendable {
  /// The configuration that the context was made from.
  public let configuration: Configuration
  /// What works now and may not work as meant, for example an own certificate that has expired.
  public let warnings: [Warning]
  let handle: ContextHandle
  // What every connection asks for, without a copy of the whole configuration.
  let role: TLSRole
  let pausesAtPeerCertificates: Bool
  let ignoresVerdict: Bool
  let tracesMessages: Bool

  /// Checks a configuration and makes a context of it. Files are read here and never again (but for a trust directory,
  /// where libcrypto looks at each check).
  ///
  /// - Parameter configuration: what to make.
  /// - Throws: ``TLSError``; each mistake has a code of its own (see the codes under "Configuration").
  public convenience init(_ configuration: Configuration) throws(TLSError) {
    try self.init(configuration, library: nil)
  }

  /// Makes a context of the test kit's, in a library context of its own.
  package init(_ configuration: Configuration, library: LibraryContext?) throws(TLSError) {
    try configuration.validate()
    self.configuration = configuration
    role = configuration.role
    pausesAtPeerCertificates = configuration.pausesAtPeerCertificates
    ignoresVerdict = configuration.peerVerification == .none
    tracesMessages = configuration.tracesMessages
    handle = try ContextHandle(configuration, library: library)
    warnings = handle.warnings
  }
}
