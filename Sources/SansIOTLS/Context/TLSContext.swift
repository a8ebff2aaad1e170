/// The state that many connections share: configuration, identities and trust roots. It is created once, immutable, and
/// cheap to pass.
///
/// Corresponds to `SSL_CTX_new(3)`.
public final class TLSContext: Sendable {
  /// The configuration that the context was created from.
  public let configuration: Configuration
  /// Problems that do not prevent use, for example a local certificate that has expired.
  public let warnings: [Warning]
  let handle: ContextHandle
  // What every connection asks for, without a copy of the whole configuration.
  let role: TLSRole
  let pausesAtClientHello: Bool
  let pausesAtPeerCertificates: Bool
  let pausesAtCertificateRequest: Bool
  var asksQuestions: Bool { pausesAtClientHello || pausesAtPeerCertificates || pausesAtCertificateRequest }
  let ignoresVerdict: Bool
  let tracesMessages: Bool
  let records: TLSRecordPolicy
  let acceptsRenegotiation: Bool
  /// libssl's output goes through the queue after the handshake too. A padded alert, or a flight after the handshake
  /// with an alert after it, may be more than the outbound buffer has room for.
  var queuesOutput: Bool { records.paddingByteCount != nil || acceptsRenegotiation }

  /// Creates a context from a configuration, which is checked. Files are read here and not again, except for a trust
  /// directory, which libcrypto searches at each verification.
  ///
  /// - Parameter configuration: the configuration.
  /// - Throws: ``TLSError``; each mistake has a code of its own (see the codes under "Configuration").
  public convenience init(_ configuration: Configuration) throws(TLSError) {
    try self.init(configuration, library: configuration.library)
  }

  /// Creates a context in another library than the configuration's: for the test kit.
  package init(_ configuration: Configuration, library: TLSLibraryContext) throws(TLSError) {
    try configuration.validate()
    self.configuration = configuration
    role = configuration.role
    pausesAtClientHello = configuration.pausesAtClientHello
    pausesAtPeerCertificates = configuration.pausesAtPeerCertificates
    pausesAtCertificateRequest = configuration.pausesAtCertificateRequest
    ignoresVerdict = configuration.peerVerification == .none
    tracesMessages = configuration.tracesMessages
    records = configuration.records
    acceptsRenegotiation = configuration.acceptsRenegotiation
    handle = try ContextHandle(configuration, library: library)
    warnings = handle.warnings
  }
}
