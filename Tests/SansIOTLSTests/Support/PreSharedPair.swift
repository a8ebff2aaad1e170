import CSansIOTLSOpenSSL
import SansIOTLSTestKit

/// A client and a server of bare libssl with pre-shared keys, joined by memory BIOs.
///
/// `@safe`: the pointers are valid from init to deinit; the memory BIOs belong to the `SSL` that reads from them.
@safe
final class PreSharedPair {
  /// The arguments that the callbacks of one pair were given, and the values they return.
  @safe
  final class Notes {
    /// Whether each call for a client's key named a digest.
    var uses: [Bool] = []
    /// The identity that a client shows.
    var name = unsafe UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    /// The identities that a server was shown, in order.
    var shown: [[UInt8]] = []
    /// The calls for a server's key by the callback of TLS 1.2.
    var lookUps = 0
    var client: OpaquePointer?
    var server: OpaquePointer?
  }

  let notes = Notes()
  let client: OpaquePointer
  let server: OpaquePointer
  private let contexts: (OpaquePointer, OpaquePointer)
  private let toServer: OpaquePointer
  private let toClient: OpaquePointer

  static let identity = Array("id".utf8)
  private static let identifier: [UInt8] = [1, 2, 3]
  // libssl copies it after the callback, so it lives as long as the pair.
  private let name: UnsafeMutableBufferPointer<UInt8>

  /// - Parameters:
  ///   - version: the only version of both.
  ///   - suite: the suite of the key, as two bytes.
  ///   - serverByte: the bytes of the server's key; those of the client's are 7.
  ///   - hasIdentifier: the client's key has the session id context of its context.
  ///   - certificate: the server has a certificate.
  ///   - groups: the groups of the server.
  ///   - old: the callbacks of TLS 1.2 are set, and not those of TLS 1.3.
  ///   - ciphers: the TLS 1.2 suites of both; `nil` for libssl's.
  init(
    version: Int32 = TLS1_3_VERSION, suite: [UInt8] = [0x13, 0x02], serverByte: UInt8 = 7, hasIdentifier: Bool = true,
    certificate: TestIdentity? = .server(), groups: String? = nil, old: Bool = false, ciphers: String? = nil
  ) {
    func context() -> OpaquePointer {
      let context = unsafe SSL_CTX_new(TLS_method())!
      unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(version), nil)
      unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
      unsafe SSL_CTX_set_session_id_context(context, Self.identifier, UInt32(Self.identifier.count))
      if let ciphers { unsafe SSL_CTX_set_cipher_list(context, ciphers) }
      return unsafe context
    }
    unsafe name = .allocate(capacity: Self.identity.count)
    _ = unsafe name.initialize(from: Self.identity)
    unsafe contexts = (context(), context())
    let serving = unsafe contexts.1
    if let certificate {
      unsafe certificate.certificateDER.withUnsafeBufferPointer {
        _ = unsafe SSL_CTX_use_certificate_ASN1(serving, Int32($0.count), $0.baseAddress)
      }
      unsafe certificate.privateKeyDER.withUnsafeBufferPointer {
        var cursor = $0.baseAddress
        let key = unsafe d2i_AutoPrivateKey(nil, &cursor, $0.count)
        _ = unsafe SSL_CTX_use_PrivateKey(serving, key)
        unsafe EVP_PKEY_free(key)
      }
    }
    unsafe client = SSL_new(contexts.0)
    unsafe server = SSL_new(contexts.1)
    if var list = groups?.utf8CString.map({ $0 }) { unsafe SSL_ctrl(server, SSL_CTRL_SET_GROUPS_LIST, 0, &list) }
    let toServer = unsafe BIO_new(BIO_s_mem())
    let toClient = unsafe BIO_new(BIO_s_mem())
    unsafe self.toServer = toServer!
    unsafe self.toClient = toClient!
    unsafe BIO_up_ref(toServer)
    unsafe BIO_up_ref(toClient)
    unsafe SSL_set_bio(client, toClient, toServer)
    unsafe SSL_set_bio(server, toServer, toClient)
    unsafe SSL_set_connect_state(client)
    unsafe SSL_set_accept_state(server)
    let data = unsafe Unmanaged.passUnretained(notes).toOpaque()
    unsafe SSL_set_ex_data(client, 0, data)
    unsafe SSL_set_ex_data(server, 0, data)
    unsafe notes.name = name
    unsafe notes.client = session(suite, byte: 7, hasIdentifier: hasIdentifier)
    unsafe notes.server = session(suite, byte: serverByte, hasIdentifier: true)
    if old {
      unsafe SSL_set_psk_client_callback(client, Self.give)
      unsafe SSL_set_psk_server_callback(server, Self.lookUp)
    } else {
      unsafe SSL_set_psk_use_session_callback(client, Self.use)
      unsafe SSL_set_psk_find_session_callback(server, Self.find)
    }
  }

  deinit {
    unsafe SSL_free(client)
    unsafe SSL_free(server)
    unsafe SSL_SESSION_free(notes.client)
    unsafe SSL_SESSION_free(notes.server)
    unsafe SSL_CTX_free(contexts.0)
    unsafe SSL_CTX_free(contexts.1)
    unsafe name.deallocate()
    ERR_clear_error()
  }

  private func session(_ suite: [UInt8], byte: UInt8, hasIdentifier: Bool) -> OpaquePointer? {
    let session = unsafe SSL_SESSION_new()
    let key = [UInt8](repeating: byte, count: 32)
    unsafe SSL_SESSION_set1_master_key(session, key, key.count)
    unsafe SSL_SESSION_set_cipher(session, SSL_CIPHER_find(client, suite))
    unsafe SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION)
    if hasIdentifier {
      unsafe SSL_SESSION_set1_id_context(session, Self.identifier, UInt32(Self.identifier.count))
    }
    return unsafe session
  }

  // MARK: Early data

  /// Lets both keys carry early data.
  ///
  /// - Parameters:
  ///   - client: the limit of the client's key, in bytes.
  ///   - server: the limit of the server's key.
  ///   - context: the limit of the server.
  func allowEarlyData(client clientLimit: UInt32, server serverLimit: UInt32, context: UInt32) {
    unsafe SSL_SESSION_set_max_early_data(notes.client, clientLimit)
    unsafe SSL_SESSION_set_max_early_data(notes.server, serverLimit)
    unsafe SSL_set_max_early_data(server, context)
  }

  /// Writes early data.
  ///
  /// - Returns: the client's first flight, which is also on its way to the server.
  func writeEarly(_ bytes: [UInt8]) -> [UInt8] {
    var written = 0
    unsafe SSL_write_early_data(client, bytes, bytes.count, &written)
    let flight = takeFromClient()
    sendToServer(flight)
    return flight
  }

  /// Takes what the client has sent: another server is to have it, or an attacker.
  func takeFromClient() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(toServer))
    unsafe BIO_read(toServer, &bytes, Int32(bytes.count))
    return bytes
  }

  func sendToServer(_ bytes: [UInt8]) { unsafe BIO_write(toServer, bytes, Int32(bytes.count)) }

  func sendToClient(_ bytes: [UInt8]) { unsafe BIO_write(toClient, bytes, Int32(bytes.count)) }

  /// Reads early data at the server.
  ///
  /// - Returns: what arrived, and libssl's first reason; 0 for none.
  func readEarly() -> (bytes: [UInt8], reason: Int32) {
    ERR_clear_error()
    var bytes = [UInt8](repeating: 0, count: 1_000)
    var count = 0
    _ = unsafe SSL_read_early_data(server, &bytes, bytes.count, &count)
    return (Array(bytes.prefix(count)), Int32(truncatingIfNeeded: ERR_peek_error() & 0x7FFFFF))
  }

  /// Runs both sides until neither gets further.
  ///
  /// - Returns: the first reasons in the error queue of the client and of the server; 0 for success, -1 for a side that
  ///   waits.
  func handshake() -> (client: Int, server: Int) {
    var results = (client: -1, server: -1)
    for _ in 0..<8 {
      if results.client < 0 { unsafe results.client = Self.step(client) }
      if results.server < 0 { unsafe results.server = Self.step(server) }
    }
    return results
  }

  private static func step(_ ssl: OpaquePointer) -> Int {
    ERR_clear_error()
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 { return 0 }
    if unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return -1 }
    return Int(ERR_peek_error() & 0x7FFFFF)
  }

  private static func notes(of ssl: OpaquePointer?) -> Notes {
    unsafe Unmanaged<Notes>.fromOpaque(SSL_get_ex_data(ssl, 0)!).takeUnretainedValue()
  }

  private static let use: SSL_psk_use_session_cb_func = { ssl, digest, identity, count, session in
    let notes = unsafe notes(of: ssl)
    unsafe notes.uses.append(digest != nil)
    unsafe identity?.pointee = unsafe UnsafePointer(notes.name.baseAddress)
    unsafe count?.pointee = unsafe notes.name.count
    unsafe SSL_SESSION_up_ref(notes.client)
    unsafe session?.pointee = unsafe notes.client
    return 1
  }

  private static let find: SSL_psk_find_session_cb_func = { ssl, identity, count, session in
    let notes = unsafe notes(of: ssl)
    let shown = unsafe Array(UnsafeBufferPointer(start: identity, count: count))
    notes.shown.append(shown)
    unsafe session?.pointee = nil
    if shown == PreSharedPair.identity {
      unsafe SSL_SESSION_up_ref(notes.server)
      unsafe session?.pointee = unsafe notes.server
    }
    return 1
  }

  private static let give: SSL_psk_client_cb_func = { _, _, identity, _, key, _ in
    for (index, byte) in (PreSharedPair.identity + [0]).enumerated() {
      unsafe identity?[index] = CChar(bitPattern: byte)
    }
    for index in 0..<16 { unsafe key?[index] = 7 }
    return 16
  }

  private static let lookUp: SSL_psk_server_cb_func = { ssl, _, key, _ in
    unsafe notes(of: ssl).lookUps += 1
    for index in 0..<16 { unsafe key?[index] = 7 }
    return 16
  }
}
