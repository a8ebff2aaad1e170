internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension TLSContext {
  /// The parameters that connections of a context may negotiate, after the configuration, the system's policy and the
  /// security level.
  public struct EffectiveParameters: Sendable, Hashable {
    /// The versions, newest first.
    public let versions: [TLSVersion]
    /// The cipher suites, preferred first, those of TLS 1.3 before those of TLS 1.2.
    public let cipherSuites: [TLSCipherSuite]
    /// The key-exchange groups, preferred first.
    public let groups: [TLSGroup]
    /// The signature schemes, preferred first.
    public let signatureSchemes: [TLSSignatureScheme]

    /// Creates parameters, for tests of what shows them.
    ///
    /// - Parameters:
    ///   - versions: the versions, newest first.
    ///   - cipherSuites: the cipher suites, preferred first.
    ///   - groups: the groups, preferred first.
    ///   - signatureSchemes: the signature schemes, preferred first.
    public init(
      versions: [TLSVersion], cipherSuites: [TLSCipherSuite], groups: [TLSGroup],
      signatureSchemes: [TLSSignatureScheme]
    ) {
      self.versions = versions
      self.cipherSuites = cipherSuites
      self.groups = groups
      self.signatureSchemes = signatureSchemes
    }
  }

  /// Returns the parameters in effect: the configuration leaves out much, and a policy (openssl.cnf) or a security
  /// level may remove what it names. Each call makes a ClientHello with the context's settings, also for a server,
  /// which accepts what a client of the same settings would offer; what its certificates allow is not looked at.
  ///
  /// - Returns: the versions, suites, groups and signature schemes.
  /// - Throws: ``TLSError``: `.peerIncompatible` if the settings leave nothing to offer, `.openSSLFailure`.
  ///
  /// Corresponds to `SSL_get1_supported_ciphers(3)`, which has no counterpart for groups and schemes.
  public func effectiveParameters() throws(TLSError) -> EffectiveParameters {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    guard let probe = unsafe SSL_new(handle.context) else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for a connection", openSSLErrors: ErrorQueue.take())
    }
    defer { unsafe SSL_free(probe) }
    unsafe SSL_set_connect_state(probe)
    // Suites for pre-shared keys are offered where there is a callback for them.
    if handle.callbacks.hasPreSharedKeys { unsafe SSL_set_psk_client_callback(probe, Callbacks.givePreSharedKey) }
    if let groups = handle.callbacks.groupList {
      // libssl has accepted the names before.
      _ = try unsafe groups.withCText("groups") { unsafe sitls_set_groups(probe, $0) }
    }
    let sink = unsafe BIO_new(BIO_s_mem())
    unsafe SSL_set_bio(probe, BIO_new(BIO_s_null()), sink)
    unsafe SSL_do_handshake(probe)
    let entries = ErrorQueue.take()
    // One record, a header and the message; an alert follows, since the probe has no peer.
    var record = [UInt8](repeating: 0, count: 16_640)
    let count = unsafe BIO_read(sink, &record, Int32(clamping: record.count))
    let size = record.dropFirst(3).prefix(2).reduce(0) { $0 << 8 | Int($1) }
    let message = record.prefix(max(Int(count), 0)).dropFirst(5).prefix(size)
    guard let hello = TLSEngine.ClientHello(message: Array(message)) else {
      throw TLSError(
        .peerIncompatible, .local,
        hint: "the versions, suites, groups, signature schemes and security level of the configuration leave nothing "
          + "to offer", openSSLErrors: entries)
    }
    // The number that says that renegotiation is secure (RFC 5746) is no suite.
    let suites = hello.cipherSuites.filter { $0.rawValue != 0x00FF }
    return EffectiveParameters(
      versions: hello.versions, cipherSuites: suites, groups: hello.groups,
      signatureSchemes: hello.signatureSchemes)
  }
}
