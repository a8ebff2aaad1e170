import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit

/// A peer that does what the engine never would: bare libssl on two memory BIOs.
///
/// `@safe`: the pointers are valid from init to deinit; the memory BIOs belong to the `SSL`, and `selection` is written
/// in init alone.
@safe
final class RawPeer {
  private let context: OpaquePointer
  private let ssl: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer
  /// The application protocol to select: the length of its name, and the name.
  private let selection: UnsafeMutableBufferPointer<UInt8>
  /// The result that the verification of a client's certificate is made to have.
  private let result: UnsafeMutablePointer<Int32>
  /// The seconds that a server announces for its tickets.
  private let lifetime: UnsafeMutablePointer<Int>

  /// A verification that answers by `SSL_set_retry_verify(3)`.
  static let retriedVerification: Int32 = -1

  /// Creates one end of a connection; it accepts any certificate.
  ///
  /// - Parameters:
  ///   - version: the newest version that it speaks.
  ///   - options: `SSL_OP_…`, as in `SSL_CTX_set_options(3)`.
  ///   - applicationProtocol: what a server selects (ALPN), whatever it is offered.
  ///   - ciphers: its TLS 1.2 suites at security level 0; `nil` for libssl's at its own level.
  ///   - serverName: what a client sends as server name (SNI), whatever it is.
  ///   - certificateTypes: what types of certificates a TLS 1.2 server asks its client for, which it does not without
  ///     any.
  ///   - verification: the `X509_V_…` number that a server's verification of its client has; `nil`: it requests no
  ///     certificate. ``retriedVerification`` asks to be called again instead.
  ///   - ticketLifetime: the seconds that a server announces for its tickets; `nil` for libssl's two hours.
  init(
    _ side: TLSRole, version: TLSVersion = .tls12, identity: TestIdentity? = nil, options: UInt64 = 0,
    selecting applicationProtocol: String = "", ciphers: String? = nil, serverName: String? = nil,
    certificateTypes: [UInt8] = [], verification: Int32? = nil, ticketLifetime: Int? = nil
  ) {
    let context = unsafe SSL_CTX_new(TLS_method())!
    unsafe result = .allocate(capacity: 1)
    unsafe result.initialize(to: verification ?? 0)
    unsafe lifetime = .allocate(capacity: 1)
    if verification != nil {
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
      unsafe SSL_CTX_set_cert_verify_callback(
        context,
        { store, argument in
          let result = unsafe argument?.assumingMemoryBound(to: Int32.self).pointee ?? 0
          if result == RawPeer.retriedVerification {
            let ssl = unsafe OpaquePointer(
              X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()))
            return Int32(unsafe SSL_ctrl(ssl, SSL_CTRL_SET_RETRY_VERIFY, 0, nil))
          }
          unsafe X509_STORE_CTX_set_error(store, result)
          return result == X509_V_OK ? 1 : 0
        }, result)
    }
    if let ticketLifetime {
      // libssl takes 0 of a context for its own two hours, and that of a session as it is.
      unsafe lifetime.initialize(to: ticketLifetime)
      unsafe SSL_CTX_set_session_ticket_cb(
        context,
        { ssl, argument in
          let lifetime = unsafe argument?.assumingMemoryBound(to: Int.self).pointee ?? 0
          unsafe SSL_SESSION_set_timeout(SSL_get_session(ssl), lifetime)
          return 1
        }, nil, lifetime)
    }
    unsafe SSL_CTX_set_options(context, options)
    unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version.rawValue), nil)
    if let ciphers {
      unsafe SSL_CTX_set_security_level(context, 0)
      unsafe SSL_CTX_set_cipher_list(context, ciphers)
    }
    unsafe selection = .allocate(capacity: 1 + applicationProtocol.utf8.count)
    _ = unsafe selection.initialize(from: [UInt8(applicationProtocol.utf8.count)] + applicationProtocol.utf8)
    if !applicationProtocol.isEmpty {
      unsafe SSL_CTX_set_alpn_select_cb(context, Self.select, selection.baseAddress)
    }
    if !certificateTypes.isEmpty {
      var types = certificateTypes
      unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_CLIENT_CERT_TYPES, types.count, &types)
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, { _, _ in 1 })
    }
    if let identity {
      unsafe identity.certificateDER.withUnsafeBufferPointer {
        _ = unsafe SSL_CTX_use_certificate_ASN1(context, Int32($0.count), $0.baseAddress)
      }
      unsafe identity.privateKeyDER.withUnsafeBufferPointer {
        var cursor = $0.baseAddress
        let key = unsafe d2i_AutoPrivateKey(nil, &cursor, $0.count)
        _ = unsafe SSL_CTX_use_PrivateKey(context, key)
        unsafe EVP_PKEY_free(key)
      }
    }
    unsafe self.context = context
    unsafe ssl = SSL_new(context)
    unsafe input = BIO_new(BIO_s_mem())
    unsafe output = BIO_new(BIO_s_mem())
    unsafe BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
    unsafe SSL_set_bio(ssl, input, output)
    if side == .client { unsafe SSL_set_connect_state(ssl) } else { unsafe SSL_set_accept_state(ssl) }
    if var name = serverName?.utf8CString.map({ $0 }) {
      unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
    }
  }

  deinit {
    unsafe SSL_free(ssl)
    unsafe SSL_CTX_free(context)
    unsafe selection.deallocate()
    unsafe result.deallocate()
    unsafe lifetime.deallocate()
  }

  private static let select: SSL_CTX_alpn_select_cb_func = { _, name, count, _, _, argument in
    guard let selection = unsafe argument?.assumingMemoryBound(to: UInt8.self) else { return SSL_TLSEXT_ERR_NOACK }
    unsafe count?.pointee = unsafe selection.pointee
    unsafe name?.pointee = unsafe UnsafePointer(selection + 1)
    return SSL_TLSEXT_ERR_OK
  }

  /// Feeds ciphertext, advances the handshake and returns the plaintext that is available.
  func absorb(_ ciphertext: [UInt8]) -> [UInt8] {
    ERR_clear_error()
    defer { ERR_clear_error() }
    if !ciphertext.isEmpty { unsafe BIO_write(input, ciphertext, Int32(ciphertext.count)) }
    var plaintext: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = unsafe SSL_read(ssl, &buffer, Int32(buffer.count))
      if count <= 0 { return plaintext }
      plaintext += buffer.prefix(Int(count))
    }
  }

  /// The suite that was negotiated, by libssl's name for it.
  var cipher: String? {
    unsafe SSL_get_current_cipher(ssl).map { unsafe String(cString: SSL_CIPHER_get_name($0)) }
  }

  /// The certificate that the peer presented, in DER; empty if it presented none.
  var peerCertificate: [UInt8] {
    guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(unsafe i2d_X509(certificate, nil)))
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var cursor = buffer.baseAddress
      _ = unsafe i2d_X509(certificate, &cursor)
    }
    return bytes
  }

  /// Encrypts plaintext.
  func write(_ plaintext: [UInt8]) { unsafe SSL_write(ssl, plaintext, Int32(plaintext.count)) }

  /// Removes and returns the ciphertext.
  func drain() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 17)
    let count = unsafe BIO_read(output, &bytes, Int32(bytes.count))
    return Array(bytes.prefix(max(0, Int(count))))
  }

  /// Requests a certificate of the client after the handshake (TLS 1.3).
  ///
  /// - Returns: whether the client offers it.
  func requestCertificate() -> Bool {
    unsafe SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, { _, _ in 1 })
    defer { ERR_clear_error() }
    guard unsafe SSL_verify_client_post_handshake(ssl) == 1 else { return false }
    return unsafe SSL_do_handshake(ssl) == 1
  }

  /// The peer's close_notify was read.
  var hasReceivedCloseNotify: Bool { unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 }

  /// Requests a renegotiation: a server by a HelloRequest, a client by a ClientHello.
  func renegotiate() {
    unsafe SSL_renegotiate(ssl)
    unsafe SSL_do_handshake(ssl)
    ERR_clear_error()
  }
}
