internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// What is set on an `SSL` before its first step, and in the middle of it when a question was answered.
extension SSLHandle {
  /// Whom the client means to reach. Corresponds to `SSL_set1_host(3)` and `X509_VERIFY_PARAM_set1_ip(3)`.
  func setServerName(_ name: TLSServerName) throws(TLSError) {
    ErrorQueue.clear()
    var accepted: Bool
    switch name {
    case .dns(let text):
      let host = try TLSServerName.validated(text)
      // SSL_set1_host would take what looks like an address for one.
      accepted = try unsafe host.withCText("the server name") { (host) throws(TLSError) in
        unsafe X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), host, 0) == 1 && sitls_set_server_name(ssl, host) == 1
      }
      unsafe callbackState.pointee.request = .sent(serverName: host)
    case .ip(let text):
      guard let octets = IPAddress.octets(of: Array(text.utf8)) else {
        throw TLSError(
          .invalidServerName, .misuse,
          hint: "\"\(text.prefix(64))\" is not an IPv4 or IPv6 address; give it without brackets, port and zone")
      }
      accepted = unsafe X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), octets, octets.count) == 1
    case .unverified(let text):
      accepted =
        try text.map { (text) throws(TLSError) in
          let host = try TLSServerName.validated(text)
          unsafe callbackState.pointee.request = .sent(serverName: host)
          return try unsafe host.withCText("the server name") { unsafe sitls_set_server_name(ssl, $0) } == 1
        } ?? true
    }
    if !accepted {
      throw TLSError(
        .invalidServerName, .misuse, hint: "libssl does not take this server name", library: ErrorQueue.take())
    }
  }

  /// The server that a client reaches as libssl has it, so that two spellings of one name are equal: names of DNS in lower case
  /// and without trailing dot, addresses as libcrypto writes them.
  static func serverName(of ssl: OpaquePointer?, sent: CallbackState.Request?) -> TLSServerName {
    ErrorQueue.preserving {
      let parameters = unsafe SSL_get0_param(ssl)
      if let host = unsafe X509_VERIFY_PARAM_get0_host(parameters, 0) {
        return unsafe .dns(String(cString: host).lowercased())
      }
      if let address = unsafe X509_VERIFY_PARAM_get1_ip_asc(parameters) {
        defer { unsafe CRYPTO_free(address, nil, 0) }
        return unsafe .ip(String(cString: address))
      }
      guard case .sent(let name) = sent else { return .unverified(sni: nil) }
      return .unverified(sni: name.lowercased())
    }
  }

  /// Offers a session for resumption. It is copied first, so that two connections never share one that changes.
  ///
  /// A resumption shows no certificate, so libssl checks neither chain nor name again: the session itself must prove them,
  /// by the result of the check that it was made with and by its certificate's names and dates. What another context found, or
  /// its application accepted, proves nothing to this one: its certificates are checked again.
  func offer(_ session: TLSSession, to serverName: TLSServerName, by context: TLSContext) throws(TLSError) {
    ErrorQueue.clear()
    guard let copy = unsafe SSL_SESSION_dup(session.reference.session) else {
      throw TLSError(.library, .local, hint: "no memory for a copy of the session", library: ErrorQueue.take())
    }
    defer { unsafe SSL_SESSION_free(copy) }
    guard unsafe SSL_set_session(ssl, copy) == 1 else {
      throw TLSError(
        .invalidArgument, .misuse, hint: "this session cannot be offered by this context; do without it",
        library: ErrorQueue.take())
    }
    let provenance = session.reference.provenance
    let origin = provenance.origin
    func refuse(_ hint: String) -> TLSError {
      TLSError(.invalidArgument, .misuse, hint: hint + "; do without it", library: ErrorQueue.take())
    }
    if origin.identities != context.handle.origin.identities {
      throw refuse("the session was made by a client with another identity")
    }
    // An answer is about the whole of what was asked for, the SNI included: a pin may depend on it.
    if origin.pausesAtPeerCertificates,
      unsafe provenance.serverName != Self.serverName(of: ssl, sent: callbackState.pointee.request)
    {
      throw refuse("the session was made for another server name, and its certificate was accepted for that one")
    }
    let isOwn = origin === context.handle.origin
    // This context's application has not been asked.
    var isProven = isOwn || !context.pausesAtPeerCertificates
    if isProven, !context.ignoresVerdict {
      isProven = unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK)
      // To its own question the application has answered for this very name.
      if isProven, !isOwn || !context.pausesAtPeerCertificates { isProven = try unsafe Self.proves(serverName, copy) }
      if !isOwn { isProven = unsafe isProven && sitls_verify_session(ssl, context.handle.context) }
    }
    if !isProven { throw refuse("the session was made with a peer that is not proven to be the one asked for") }
    // What the application of another context accepted is not accepted by this one.
    let isAcceptedOutOfDate = isOwn && provenance.isAcceptedOutOfDate
    let isDateChecked = !context.ignoresVerdict && !isAcceptedOutOfDate
    if isDateChecked, unsafe !TLSCertificate.isInDate(SSL_SESSION_get0_peer(copy), by: SSL_get0_param(ssl)) {
      throw refuse("the certificate that the session was made with is out of date")
    }
    unsafe callbackState.pointee.isAcceptedOutOfDate = isAcceptedOutOfDate
  }

  /// Whether the certificate that a session was made with is for the name.
  private static func proves(_ name: TLSServerName, _ session: OpaquePointer) throws(TLSError) -> Bool {
    guard let certificate = unsafe SSL_SESSION_get0_peer(session) else { return name.isUnverified }
    switch name {
    case .dns(let text):
      let host = try TLSServerName.validated(text)
      return try unsafe host.withCText("the server name") {
        unsafe X509_check_host(certificate, $0, 0, sitls_host_flags(certificate), nil)
      } == 1
    case .ip(let text):
      guard let octets = IPAddress.octets(of: Array(text.utf8)) else { return false }
      return unsafe X509_check_ip(certificate, octets, octets.count, 0) == 1
    case .unverified: return true
    }
  }

  /// Goes over to another context while the ClientHello waits. `SSL_set_SSL_CTX` takes certificates, security level,
  /// signature algorithms and callbacks along; the rest, which an `SSL` copies when it is made, is set here. Suites and
  /// groups that neither context names are the system's policy, and stay.
  ///
  /// - Parameters:
  ///   - context: the one to go over to.
  ///   - first: the one that the `SSL` was made from.
  func adopt(_ context: TLSContext, after first: TLSContext) throws(TLSError) {
    ErrorQueue.clear()
    let configuration = context.configuration
    let other = unsafe context.handle.context
    var isAdopted = unsafe SSL_set_SSL_CTX(ssl, other) != nil
    isAdopted = unsafe isAdopted && sitls_set_min_version(ssl, sitls_ctx_min_version(other)) == 1
    isAdopted = unsafe isAdopted && sitls_set_max_version(ssl, sitls_ctx_max_version(other)) == 1
    isAdopted = unsafe isAdopted && sitls_replace_parameters(ssl, SSL_CTX_get0_param(other))
    if configuration.cipherSuites != nil || first.configuration.cipherSuites != nil {
      isAdopted = unsafe isAdopted && sitls_adopt_suites(ssl, other)
    }
    isAdopted = isAdopted && setGroups(of: context)
    unsafe SSL_set_verify(ssl, SSL_CTX_get_verify_mode(other), nil)
    // Options are only added, and whether there are tickets is one that contexts differ in.
    unsafe SSL_clear_options(ssl, sitls_no_ticket)
    unsafe SSL_set_options(ssl, SSL_CTX_get_options(other))
    unsafe SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(other))
    unsafe callbackState.pointee.ignoresVerdict = context.ignoresVerdict
    if !isAdopted {
      throw TLSError(
        .library, .local, hint: "libssl does not take the other context for this connection",
        library: ErrorQueue.take())
    }
  }

  /// Sets the groups of the context that serves, if it names some. The context that asked about the ClientHello has not.
  func setGroups(of context: TLSContext) -> Bool {
    guard let groups = context.configuration.groups else { return true }
    // A context whose groups hold a NUL does not exist.
    return unsafe (try? groups.joined(separator: ":").withCText("groups") { unsafe sitls_set_groups(ssl, $0) }) == 1
  }

  // MARK: Questions

  var askedClientHello: TLSEngine.ClientHello? {
    if case .asked(let hello) = unsafe callbackState.pointee.clientHello { hello } else { nil }
  }

  var askedPeerCertificate: TLSEngine.PeerCertificates? {
    guard case .asked(let chain) = unsafe callbackState.pointee.peerCertificate,
      let check = unsafe callbackState.pointee.verification
    else { return nil }
    return TLSEngine.PeerCertificates(chain: chain, check: check, serverName: serverName)
  }

  /// Whether the application's own answer refused the peer.
  var wasRejectedByAnswer: Bool {
    if case .answered(.reject) = unsafe callbackState.pointee.clientHello { return true }
    if case .answered(.reject) = unsafe callbackState.pointee.peerCertificate { return true }
    return false
  }

  func answerClientHello(_ verdict: CallbackState.RecordedAnswer) {
    unsafe callbackState.pointee.clientHello = .answered(verdict)
  }

  func answerPeerCertificate(_ verdict: CallbackState.RecordedAnswer) {
    if case .accept = verdict, case .asked(let chain) = unsafe callbackState.pointee.peerCertificate {
      unsafe callbackState.pointee.isAcceptedOutOfDate =
        !TLSCertificate.isInDate(chain.first?.reference.x509, by: SSL_get0_param(ssl))
    }
    unsafe callbackState.pointee.peerCertificate = .answered(verdict)
  }

  /// What the handshake that is done proves of the peer, whatever suite it went by.
  ///
  /// - Parameter context: the one that serves the connection.
  func proof(for context: TLSContext) -> PeerProof {
    let hasCertificate = unsafe SSL_get0_peer_certificate(ssl) != nil
    let isResumed = unsafe SSL_session_reused(ssl) == 1
    // A session was examined when it was offered, or when its ticket was opened; this is what libssl keeps of the check.
    let isInherited = unsafe context.ignoresVerdict || SSL_get_verify_result(ssl) == Int(X509_V_OK)
    return PeerProof(
      demand: context.handle.callbacks.demand, hasCertificate: hasCertificate,
      isAccepted: isResumed ? isInherited : unsafe callbackState.pointee.isPeerAccepted)
  }

  /// The alert can be told to the peer as the reason of a refused ClientHello: libssl sends it as it is. Others it renames,
  /// leaves out, or takes for the end.
  static func canRefuseClientHello(with alert: TLSAlert) -> Bool {
    switch alert.rawValue {
    case 10, 20...22, 30, 40, 42...51, 60, 70, 71, 80, 86, 110...115, 120: true
    default: false
    }
  }

  /// The alert can be told to the peer as the reason of a refused certificate.
  static func canRefuseCertificate(with alert: TLSAlert) -> Bool { Callbacks.verificationCode(for: alert) != nil }

  // MARK: What callbacks noted

  var alertSent: TLSAlert? { unsafe callbackState.pointee.alertSent }
  var verification: TLSVerificationResult? { unsafe callbackState.pointee.verification }

  var declinedRenegotiations: Int { unsafe Int(callbackState.pointee.declinedRenegotiations) }
  var hasPendingEvents: Bool { unsafe callbackState.pointee.hasPendingEvents }

  /// Keeps what passes, if the configuration asks for it.
  var tap: MessageTap? { unsafe callbackState.pointee.tap }

  /// Tells the tap, if there is one, how a call ended.
  func rest(_ rest: @autoclosure () -> TLSTracedMessage.Rest) {
    guard let tap else { return }
    tap.rest(rest(), isBetweenRecords: unsafe sitls_awaits_header(ssl))
  }

  /// Takes the warnings and sessions noted since the last time.
  func takePendingEvents(_ body: (TLSEngine.Event) -> Void) {
    for alert in unsafe callbackState.pointee.warnings { body(.alertReceived(alert)) }
    for session in unsafe callbackState.pointee.newSessions { body(.sessionTicket(session)) }
    unsafe callbackState.pointee.hasPendingEvents = callbackState.pointee.tap != nil
    unsafe callbackState.pointee.warnings = []
    unsafe callbackState.pointee.newSessions = []
  }
}
