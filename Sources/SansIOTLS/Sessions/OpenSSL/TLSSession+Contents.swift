internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension TLSSession {
  /// The name that the client requested when the session was created, in canonical form.
  public var serverName: TLSServerName { reference.provenance.serverName }

  /// The certificates that the server presented when the session was created, its own first.
  public var peerCertificates: [TLSCertificate] { reference.provenance.chain }

  /// The cipher suite; a resumption in TLS 1.3 may use another with the same hash. Corresponds to
  /// `SSL_SESSION_get0_cipher(3)`.
  public var cipherSuite: TLSCipherSuite {
    TLSCipherSuite(rawValue: unsafe SSL_CIPHER_get_protocol_id(SSL_SESSION_get0_cipher(reference.session)))
  }

  /// The application protocol (ALPN) of the connection; a resumption negotiates one again. Corresponds to
  /// `SSL_SESSION_get0_alpn_selected(3)`.
  public var applicationProtocol: String? {
    var name: UnsafePointer<UInt8>?
    var count = 0
    unsafe SSL_SESSION_get0_alpn_selected(reference.session, &name, &count)
    guard count > 0, let name = unsafe name else { return nil }
    return unsafe String(decoding: UnsafeBufferPointer(start: name, count: count), as: UTF8.self)
  }

  /// The time at which it was created by this machine's clock, in seconds since 1970. Corresponds to
  /// `SSL_SESSION_get_time(3)`.
  public var creationTime: Int64 { unsafe sitls_session_time(reference.session) }

  /// The time after its creation during which it can be resumed, in seconds: as long as the server has announced, at
  /// most seven days; two hours if a TLS 1.2 server has announced nothing. Corresponds to
  /// `SSL_SESSION_get_ticket_lifetime_hint(3)`, `SSL_SESSION_set_timeout(3)`.
  public var lifetime: Int64 { unsafe Int64(SSL_SESSION_get_timeout(reference.session)) }

  /// The bytes of early data that the server accepts with it; 0 for none. Corresponds to
  /// `SSL_SESSION_get_max_early_data(3)`.
  public var maximumEarlyDataByteCount: Int { unsafe Int(SSL_SESSION_get_max_early_data(reference.session)) }

  /// Whether it is good for one connection: in TLS 1.3 an observer could otherwise link the connections that offer the
  /// same ticket (RFC 8446, appendix C.4). One of TLS 1.2 may be offered again.
  public var isSingleUse: Bool { version >= .tls13 }

  /// The name that the server acknowledged (SNI); `nil` if it did not. Corresponds to `SSL_SESSION_get0_hostname(3)`.
  var acknowledgedServerName: String? {
    unsafe SSL_SESSION_get0_hostname(reference.session).map { unsafe String(cString: $0) }
  }

  /// The ticket's lifetime as the server announced it, in seconds. Corresponds to
  /// `SSL_SESSION_get_ticket_lifetime_hint(3)`.
  var announcedLifetime: Int64 {
    unsafe Int64(clamping: SSL_SESSION_get_ticket_lifetime_hint(reference.session))
  }

  /// Whether libssl would still offer it although its lifetime has passed: it does so for as long as the server has
  /// announced, and in TLS 1.3 seven days are the most (RFC 8446, section 4.6.1).
  ///
  /// - Parameter time: seconds since 1970; it is needed where more than seven days were announced.
  func isOverdue(at time: @autoclosure () -> Int64) -> Bool {
    version >= .tls13 && announcedLifetime > lifetime && time() - creationTime >= lifetime
  }

  /// The length of the ticket, in bytes; 0 for a session that the server keeps.
  var ticketByteCount: Int { unsafe Self.withTicket(of: reference.session) { $0.count } }

  /// Whether the ticket, which the server alone can read, is that of another session.
  ///
  /// - Parameter session: an `SSL_SESSION`, valid during the call.
  func hasTicket(of session: OpaquePointer) -> Bool {
    unsafe Self.withTicket(of: session) { other in
      unsafe Self.withTicket(of: reference.session) { unsafe $0.elementsEqual(other) }
    }
  }

  /// Lends the ticket of a session, which is empty if the server keeps the session. Corresponds to
  /// `SSL_SESSION_get0_ticket(3)`.
  static func withTicket<Result>(of session: OpaquePointer, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    var ticket: UnsafePointer<UInt8>?
    var count = 0
    unsafe SSL_SESSION_get0_ticket(session, &ticket, &count)
    return unsafe body(UnsafeBufferPointer(start: ticket, count: count))
  }
}
