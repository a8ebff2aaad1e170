internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  /// Verifies the staple of a full handshake. libssl calls it after the chain was accepted and before Finished, in a
  /// resumption too, where no staple is sent; the session was examined when it was offered. An answer of 0 becomes the
  /// alert bad_certificate_status_response.
  static let checkStaple: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
    guard let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl),
      let callbacks = unsafe ContextCallbackState.of(ssl)
    else { return 0 }
    if unsafe SSL_session_reused(ssl) == 1 { return 1 }
    ERR_set_mark()
    let notes = unsafe callbackState.pointee.peerNotes ?? PeerNotes()
    unsafe callbackState.pointee.peerNotes = notes
    switch unsafe StapleCheck.outcome(of: ssl, isRequired: callbacks.stapling == .required) {
    case .success(let proof):
      notes.staple = proof
      ERR_pop_to_mark()
      return 1
    case .failure(let refusal):
      notes.verification = unsafe TLSVerificationResult(refusal, SSL_get0_peer_certificate(ssl))
      // The handshake fails: the entries of libcrypto are part of the failure.
      ERR_clear_last_mark()
      return 0
    }
  }
}

/// The verification of a server's OCSP staple.
enum StapleCheck {
  /// The difference of clocks that is tolerated, in seconds.
  static let tolerance: Int64 = 300

  /// Verifies the staple that the server has sent, or its absence.
  static func outcome(of ssl: OpaquePointer, isRequired: Bool) -> Result<StapleProof, OwnRefusal> {
    guard let der = unsafe bytes(of: ssl) else {
      let isMissing = unsafe isRequired || requiresStaple(ssl)
      return isMissing ? .failure(.stapleMissing) : .success(.absent)
    }
    guard let response = OCSPResponse(der) else { return .failure(.stapleMalformed) }
    let chain = unsafe SSL_get0_verified_chain(ssl)
    guard let leaf = unsafe sitls_x509_at(chain, 0), let issuer = unsafe issuer(in: chain) else {
      return .failure(.stapleUntrusted)
    }
    guard unsafe response.mentions(leaf, of: issuer) else { return .failure(.stapleOfAnotherCertificate) }
    let store = unsafe SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl))
    guard unsafe response.isSigned(in: chain, trusting: store) else { return .failure(.stapleUntrusted) }
    guard let statement = unsafe response.statement(on: leaf, of: issuer), let end = statement.nextUpdate else {
      return .failure(.stapleMalformed)
    }
    // OCSP_check_validity compares with the clock, whatever time was configured.
    let now = unsafe VerificationClock.now(of: SSL_get0_param(ssl))
    if statement.thisUpdate - tolerance > now { return .failure(.stapleNotYetValid) }
    if end + tolerance < now { return .failure(.stapleExpired) }
    switch statement.status {
    case .good: return .success(.good(until: end + tolerance))
    case .revoked: return .failure(.stapleRevoked)
    case .unknown: return .failure(.stapleUnknown)
    }
  }

  /// The staple that the server has sent; `nil` if there is none. Corresponds to `SSL_get_tlsext_status_ocsp_resp(3)`.
  static func bytes(of ssl: OpaquePointer) -> [UInt8]? {
    var start: UnsafePointer<UInt8>?
    let count = unsafe sitls_staple(ssl, &start)
    guard count > 0, let start = unsafe start else { return nil }
    return unsafe [UInt8](UnsafeBufferPointer(start: start, count: Int(count)))
  }

  /// Whether the server's certificate must be stapled (RFC 7633).
  private static func requiresStaple(_ ssl: OpaquePointer) -> Bool {
    unsafe SSL_get1_peer_certificate(ssl).map { unsafe TLSCertificate(adopting: $0).requiresStaple } ?? false
  }

  /// The issuer of the leaf of a verified chain; `nil` if the chain ends at the leaf and the leaf is not self-issued.
  private static func issuer(in chain: OpaquePointer?) -> OpaquePointer? {
    if unsafe sitls_x509_count(chain) > 1 { return unsafe sitls_x509_at(chain, 1) }
    guard let leaf = unsafe sitls_x509_at(chain, 0), unsafe X509_check_issued(leaf, leaf) == X509_V_OK else {
      return nil
    }
    return unsafe leaf
  }
}

extension TLSVerificationResult {
  /// - Parameter leaf: an `X509`, valid during the call, or `nil`.
  init(_ refusal: OwnRefusal, _ leaf: OpaquePointer?) {
    self.init(
      code: refusal.rawValue, text: refusal.text, depth: 0,
      subject: unsafe leaf.map { unsafe Self.text(of: X509_get_subject_name($0)) } ?? "")
  }
}
