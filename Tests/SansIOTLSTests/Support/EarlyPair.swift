import CSansIOTLSOpenSSL
import CSansIOTLSShims
import SansIOTLS
import SansIOTLSTestKit

/// A client and a server of bare libssl, each on a BIO pair as the engine is. The client has a session that allows
/// early data.
///
/// `@safe`: the pointers are valid from init to deinit; each `SSL` owns the inner half of its pair.
@safe
final class EarlyPair {
  /// The result of a call.
  enum Step: Equatable {
    /// So many bytes; 0 for a handshake.
    case done(Int)
    /// There is no more early data.
    case finished
    case wantsRead
    case wantsWrite
    /// The ClientHello callback has suspended.
    case wantsAnswer
    /// libssl's first reason; empty if it gives none.
    case failed(String)
  }

  private(set) var client: OpaquePointer
  private(set) var server: OpaquePointer
  private var networks: (client: OpaquePointer, server: OpaquePointer)
  private let contexts: (client: OpaquePointer, server: OpaquePointer)
  /// The session of a first connection.
  private(set) var session: OpaquePointer
  /// The early data that the server has read.
  private(set) var received: [UInt8] = []

  static let maximum: UInt32 = 16_384
  private static let ringSize = 17_408
  private static let identifier: [UInt8] = [1, 2, 3]

  /// - Parameters:
  ///   - sessionMaximum: the early data that the session allows.
  ///   - ringSize: the client's buffers, in bytes.
  ///   - hasAntiReplay: libssl's own protection is on, and the session is one of its cache.
  ///   - sessionName: the server name that the session is given.
  ///   - sessionProtocol: the application protocol that the session is given.
  ///   - sessionAge: how much older the client's session is made, in seconds.
  init(
    sessionMaximum: UInt32 = maximum, ringSize: Int = ringSize, hasAntiReplay: Bool = false,
    sessionName: String? = nil, sessionProtocol: String? = nil, sessionAge: Int = 0
  ) {
    let identity = TestIdentity.server()
    func context() -> OpaquePointer {
      let context = unsafe SSL_CTX_new(TLS_method())!
      unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
      unsafe SSL_CTX_set_session_id_context(context, Self.identifier, UInt32(Self.identifier.count))
      let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
      unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
      return unsafe context
    }
    unsafe contexts = (context(), context())
    let serving = unsafe contexts.server
    unsafe identity.certificateDER.withUnsafeBufferPointer {
      _ = unsafe SSL_CTX_use_certificate_ASN1(serving, Int32($0.count), $0.baseAddress)
    }
    unsafe identity.privateKeyDER.withUnsafeBufferPointer {
      var cursor = $0.baseAddress
      let key = unsafe d2i_AutoPrivateKey(nil, &cursor, $0.count)
      _ = unsafe SSL_CTX_use_PrivateKey(serving, key)
      unsafe EVP_PKEY_free(key)
    }
    if !hasAntiReplay { unsafe SSL_CTX_set_options(serving, sitls_op_no_anti_replay) }
    unsafe SSL_CTX_set_max_early_data(serving, sessionMaximum)

    var network: OpaquePointer?
    unsafe client = Self.end(contexts.client, isServer: false, Self.ringSize, &network)
    let clientNetwork = unsafe network!
    unsafe server = Self.end(contexts.server, isServer: true, Self.ringSize, &network)
    unsafe networks = (clientNetwork, network!)
    unsafe session = SSL_SESSION_new()
    unsafe Self.connect(client, server, networks)
    let first = unsafe SSL_get1_session(client)
    unsafe SSL_SESSION_free(session)
    unsafe session = SSL_SESSION_dup(first)
    unsafe SSL_SESSION_free(first)
    unsafe SSL_CTX_set_max_early_data(serving, Self.maximum)
    if let sessionName { unsafe SSL_SESSION_set1_hostname(session, sessionName) }
    if let name = sessionProtocol.map({ Array($0.utf8) }) {
      unsafe SSL_SESSION_set1_alpn_selected(session, name, name.count)
    }
    unsafe SSL_SESSION_set_time(session, SSL_SESSION_get_time(session) - sessionAge)
    restart(ringSize: ringSize)
  }

  deinit {
    free()
    unsafe SSL_SESSION_free(session)
    unsafe SSL_CTX_free(contexts.client)
    unsafe SSL_CTX_free(contexts.server)
    ERR_clear_error()
  }

  private func free() {
    unsafe SSL_free(client)
    unsafe SSL_free(server)
    unsafe BIO_free(networks.client)
    unsafe BIO_free(networks.server)
  }

  /// Replaces both ends by new ones; the client offers the same session.
  ///
  /// - Parameter offersSession: whether it does.
  func restart(ringSize: Int = ringSize, offersSession: Bool = true) {
    free()
    var network: OpaquePointer?
    unsafe client = Self.end(contexts.client, isServer: false, ringSize, &network)
    let clientNetwork = unsafe network!
    unsafe server = Self.end(contexts.server, isServer: true, Self.ringSize, &network)
    unsafe networks = (clientNetwork, network!)
    received = []
    if !offersSession { return }
    let own = unsafe SSL_SESSION_dup(session)
    unsafe SSL_set_session(client, own)
    unsafe SSL_SESSION_free(own)
  }

  private static func end(
    _ context: OpaquePointer, isServer: Bool, _ ringSize: Int, _ network: inout OpaquePointer?
  ) -> OpaquePointer {
    let ssl = unsafe SSL_new(context)!
    var inner: OpaquePointer?
    unsafe BIO_new_bio_pair(&inner, ringSize, &network, ringSize)
    unsafe SSL_set_bio(ssl, inner, inner)
    if isServer { unsafe SSL_set_accept_state(ssl) } else { unsafe SSL_set_connect_state(ssl) }
    return unsafe ssl
  }

  /// Performs a whole handshake, and lets the client read the tickets.
  private static func connect(
    _ client: OpaquePointer, _ server: OpaquePointer, _ networks: (client: OpaquePointer, server: OpaquePointer)
  ) {
    var byte: UInt8 = 0
    for _ in 0..<4 {
      unsafe SSL_do_handshake(client)
      _ = unsafe move(networks.client, networks.server, .max)
      unsafe SSL_do_handshake(server)
      _ = unsafe move(networks.server, networks.client, .max)
    }
    unsafe SSL_read(client, &byte, 1)
    // Without it SSL_free would spoil the session.
    unsafe SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    unsafe SSL_set_shutdown(server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
  }

  private static func move(_ from: OpaquePointer, _ to: OpaquePointer, _ limit: Int) -> Int {
    var moved = 0
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while moved < limit {
      let count = unsafe min(BIO_ctrl_pending(from), BIO_ctrl_get_write_guarantee(to), limit - moved, bytes.count)
      if count == 0 { break }
      unsafe BIO_read(from, &bytes, Int32(count))
      unsafe BIO_write(to, bytes, Int32(count))
      moved += count
    }
    return moved
  }

  // MARK: The wire

  /// Moves what one end has to send to the other, as much as there is room for.
  @discardableResult
  func move(from side: TLSRole, upTo limit: Int = .max) -> Int {
    unsafe side == .client
      ? Self.move(networks.client, networks.server, limit) : Self.move(networks.server, networks.client, limit)
  }

  /// Takes what one end has to send.
  func drain(_ side: TLSRole) -> [UInt8] {
    let network = unsafe side == .client ? networks.client : networks.server
    var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(network))
    unsafe BIO_read(network, &bytes, Int32(bytes.count))
    return bytes
  }

  func pendingCount(_ side: TLSRole) -> Int {
    unsafe BIO_ctrl_pending(side == .client ? networks.client : networks.server)
  }

  // MARK: Calls

  private func ssl(_ side: TLSRole) -> OpaquePointer { unsafe side == .client ? client : server }

  private func step(_ side: TLSRole, _ call: () -> (result: Int32, count: Int)) -> Step {
    ERR_clear_error()
    let (result, count) = call()
    if result > 0 { return .done(count) }
    switch unsafe SSL_get_error(ssl(side), result) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_WANT_CLIENT_HELLO_CB: return .wantsAnswer
    default: return .failed(unsafe ERR_reason_error_string(ERR_peek_error()).map { unsafe String(cString: $0) } ?? "")
    }
  }

  func writeEarly(_ count: Int, from side: TLSRole = .client) -> Step {
    step(side) {
      var written = 0
      return (unsafe SSL_write_early_data(ssl(side), [UInt8](repeating: 7, count: count + 1), count, &written), written)
    }
  }

  func readEarly(upTo limit: Int = 1 << 16) -> Step {
    var isFinished = false
    let result = step(.server) {
      var bytes = [UInt8](repeating: 0, count: limit)
      var count = 0
      let result = unsafe SSL_read_early_data(server, &bytes, limit, &count)
      isFinished = result == SSL_READ_EARLY_DATA_FINISH
      received += bytes.prefix(count)
      return (result, count)
    }
    return isFinished ? .finished : result
  }

  func handshake(_ side: TLSRole) -> Step { step(side) { (unsafe SSL_do_handshake(ssl(side)), 0) } }

  func write(_ count: Int, from side: TLSRole) -> Step {
    step(side) {
      var written = 0
      return (unsafe SSL_write_ex(ssl(side), [UInt8](repeating: 8, count: count), count, &written), written)
    }
  }

  func read(_ side: TLSRole) -> Step {
    step(side) {
      var bytes = [UInt8](repeating: 0, count: 1 << 14)
      var count = 0
      return (unsafe SSL_read_ex(ssl(side), &bytes, bytes.count, &count), count)
    }
  }

  /// Moves everything and steps both ends until neither gets further.
  ///
  /// - Returns: the last results of their handshakes.
  func finish() -> (client: Step, server: Step) {
    var steps = (client: Step.wantsRead, server: Step.wantsRead)
    for _ in 0..<6 {
      move(from: .client)
      while case .done = readEarly() {}
      steps.server = handshake(.server)
      move(from: .server)
      steps.client = handshake(.client)
    }
    return steps
  }

  func isAccepted(_ side: TLSRole) -> Bool { unsafe SSL_get_early_data_status(ssl(side)) == SSL_EARLY_DATA_ACCEPTED }

  var isResumed: Bool { unsafe SSL_session_reused(server) == 1 }
}
