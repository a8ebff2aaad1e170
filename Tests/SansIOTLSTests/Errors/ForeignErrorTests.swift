import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Law 7. No foreign errors: entries of other code in this thread's queue change nothing, and the engine leaves
/// none.
///
/// The queue belongs to the thread, so nothing here may suspend: each test is one synchronous function.
@Suite(.tags(.law7))
struct ForeignErrorTests {
  /// Leaves entries in the queue, as any failed call on this thread does.
  private static func poison() {
    // Junk of three bytes is no certificate; the pointer is libcrypto's to move for the duration of the closure.
    let junk: [UInt8] = [0x30, 0x81, 0xff]
    unsafe junk.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      _ = unsafe d2i_X509(nil, &cursor, bytes.count)
    }
    #expect(ERR_peek_error() != 0)
  }

  /// Everything that a conversation consists of, each call between `before` and `after`.
  private func converse(
    _ version: TLSVersion, before: () -> Void, after: (_ call: String) -> Void
  ) throws -> [String] {
    var log: [String] = []
    func call<Result: ~Copyable>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
      before()
      defer { after(name) }
      return try body()
    }
    var (client, server) = try EnginePair.configurations(version: version)
    try EnginePair.authenticateClient(&client, &server)
    let clientContext = try call("context") { try TLSContext(client) }
    let serverContext = try call("context") { try TLSContext(server) }
    var pair = try call("init") { try EnginePair(client: clientContext, server: serverContext) }
    for _ in 0..<4 {
      for side in TLSRole.allCases {
        let flight = call("drain") { pair[side].drain() }
        for half in [flight.prefix(flight.count / 2), flight.dropFirst(flight.count / 2)] {
          let fed = try call("feed") { try pair[side.peer].feed(half) }
          log.append("fed \(fed == half.count)")
          let step = try call("handshake") { try pair[side.peer].handshake() }
          log.append("\(step)")
          let read = try call("read") { try pair[side.peer].read(upTo: 100) }
          log.append("\(read)")
        }
      }
    }
    for side in TLSRole.allCases {
      log.append("\(try call("write") { try pair[side].write(Array("hello".utf8)) })")
      if version == .tls13 {
        log.append("\(try call("keyUpdate") { try pair[side].keyUpdate(requestingPeer: true) })")
      }
      let records = call("drain") { pair[side].drain() }
      for byte in records {
        _ = try call("feed") { try pair[side.peer].feed([byte]) }
        log.append("\(try call("read") { try pair[side.peer].read(upTo: 100) })")
      }
      log.append("\(call("negotiated") { pair[side].negotiated?.version } as Any)")
      log.append("\(call("peerCertificates") { pair[side].peerCertificates.count })")
      let exported = try call("export") {
        try pair[side].exportKeyingMaterial(label: "EXPORTER-x", count: 8)
      }
      log.append("\(exported.count)")
      log.append("\(call("hibernate") { pair[side].hibernate() })")
    }
    for side in TLSRole.allCases {
      log.append("\(try call("close") { try pair[side].closeWriting() })")
      let records = call("drain") { pair[side].drain() }
      _ = try call("feed") { try pair[side.peer].feed(records) }
      log.append("\(try call("read") { try pair[side.peer].read(upTo: 100) })")
      call("feedEOF") { pair[side.peer].feedEOF() }
      log.append("\(try call("read") { try pair[side.peer].read(upTo: 100) })")
      log.append("\(call("events") { pair[side.peer].allEvents().count })")
      _ = call("takeTrailingInput") { pair[side.peer].takeTrailingInput() }
    }
    return log
  }

  @Test(arguments: TLSVersion.both)
  func `no call leaves an entry in the error queue`(version: TLSVersion) throws {
    ERR_clear_error()
    _ = try converse(version, before: {}) { call in
      #expect(ERR_peek_error() == 0, "after \(call)")
      ERR_clear_error()
    }
    #expect(ERR_peek_error() == 0, "after the engines are gone")
  }

  @Test(arguments: TLSVersion.both)
  func `a stale entry before each call changes no result`(version: TLSVersion) throws {
    let clean = try converse(version, before: { ERR_clear_error() }, after: { _ in })
    let poisoned = try converse(version, before: { Self.poison() }, after: { _ in })
    ERR_clear_error()
    #expect(poisoned == clean)
    #expect(clean.contains("endOfStream"))
  }

  @Test(arguments: TLSVersion.both, Breakage.allCases)
  func `a failing connection leaves no entry, and its error has no foreign entries`(
    version: TLSVersion, breakage: Breakage
  ) throws {
    ERR_clear_error()
    let clean = try breakage.pair(version)
    #expect(ERR_peek_error() == 0)
    Self.poison()
    let poisoned = try breakage.pair(version)
    #expect(ERR_peek_error() == 0)
    let side = breakage.expectation(version).side
    let first = side == .client ? clean.client.failure : clean.server.failure
    let second = side == .client ? poisoned.client.failure : poisoned.server.failure
    #expect(first?.description == second?.description)
    #expect(first?.openSSLErrors == second?.openSSLErrors)
  }

  @Test(arguments: TLSVersion.both)
  func `one connection's failure does not affect another on the same thread`(version: TLSVersion) throws {
    var healthy = try EnginePair.connected(version)
    try healthy.settle()
    for breakage in Breakage.allCases {
      let broken = try breakage.pair(version)
      #expect(broken.client.failure != nil || broken.server.failure != nil)
      #expect(try healthy.client.read(upTo: 1) == .needsFeed)
      #expect(try healthy.server.read(upTo: 1) == .needsFeed)
      #expect(try healthy.transfer([1, 2, 3], from: .client) == [1, 2, 3])
    }
    try healthy.shutdown()
  }

  @Test
  func `a refused configuration leaves no entry in the error queue`() {
    ERR_clear_error()
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = "NO-SUCH-CIPHER"
    #expect(thrownError { _ = try TLSContext(configuration) }?.code == .unknownCipher)
    #expect(ERR_peek_error() == 0)
    #expect(thrownError { _ = try TLSCertificate(der: [1, 2, 3]) }?.code == .invalidCertificate)
    #expect(ERR_peek_error() == 0)
  }

  // MARK: Callbacks

  /// In each of these libssl calls back, and entries of the callback would make the surrounding call look failed.
  @Test(arguments: TLSVersion.both, [TLSContext.Configuration.PeerVerification.chain, .none])
  func `a client that pins without verifying a name receives its tickets`(
    version: TLSVersion, verification: TLSContext.Configuration.PeerVerification
  ) throws {
    for name in [TLSServerName.unverified(sni: nil), .unverified(sni: "localhost"), .ip("192.0.2.1")] {
      var (client, server) = try EnginePair.configurations(version: version)
      client.pausesAtPeerCertificates = true
      client.peerVerification = verification
      let contexts = (client: try TLSContext(client), server: try TLSContext(server))
      for answer in [TLSEngine.PeerCertificates.Answer.followVerification, .trust]
      where answer == .trust || name.isUnverified {
        var pair = try EnginePair(client: contexts.client, server: contexts.server, serverName: name)
        while pair.client.question == nil, pair.step() {}
        try pair.client.answer(answer)
        try pair.handshake()
        try pair.settle()
        #expect(pair.client.failure == nil)
        #expect(pair.client.allEvents().contains { $0.hasPrefix("sessionTicket") })
        #expect(try pair.transfer([1], from: .server) == [1])
      }
    }
  }

  /// The sink is the application's, and its libcrypto calls may fail.
  @Test(arguments: TLSVersion.both)
  func `entries that a key log sink leaves change no result`(version: TLSVersion) throws {
    ERR_clear_error()
    for asks in [false, true] {
      var pair = try EnginePair.connected(version, handshake: false) { client, server in
        client.keyLog = TLSKeyLog { _ in Self.poison() }
        server.keyLog = TLSKeyLog { _ in Self.poison() }
        try EnginePair.authenticateClient(&client, &server)
        server.applicationProtocols = ["a"]
        client.applicationProtocols = ["a"]
        client.pausesAtPeerCertificates = asks
        server.pausesAtClientHello = asks
      }
      for _ in 0..<8 where pair.client.negotiated == nil || pair.server.negotiated == nil {
        pair.step()
        // The application fails too, between the calls.
        Self.poison()
        if pair.client.question != nil { try pair.client.answer(.trust) }
        if pair.server.question != nil { try pair.server.answer(.serve) }
      }
      try pair.settle()
      if version == .tls13 { _ = try pair.client.keyUpdate(requestingPeer: true) }
      #expect(try pair.transfer([1], from: .server) == [1])
      #expect(try pair.transfer([2], from: .client) == [2])
      try pair.shutdown()
      #expect(pair.client.failure == nil)
      #expect(pair.server.failure == nil)
      #expect(ERR_peek_error() == 0)
    }
  }

  /// Each callback separately, as libssl calls it.
  @Test(arguments: TLSVersion.both)
  func `each callback leaves the queue unchanged`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.keyLog = TLSKeyLog { _ in Self.poison() }
    server.applicationProtocols = ["a"]
    client.applicationProtocols = ["a"]
    var pair = try EnginePair(
      client: TLSContext(client), server: TLSContext(server), serverName: .unverified(sni: nil))
    try pair.handshake()
    for before in [0, 1, 2] {
      ERR_clear_error()
      for _ in 0..<before { Self.poison() }
      let entries = Self.peekCount()
      // The handles are alive for as long as the pair is.
      unsafe Callbacks.keyLog(pair.client.handle.ssl, "LABEL 00 00")
      #expect(Self.peekCount() == entries, "key log")
      _ = unsafe Callbacks.newSession(pair.client.handle.ssl, SSL_get_session(pair.client.handle.ssl))
      #expect(Self.peekCount() == entries, "new session")
      _ = unsafe Callbacks.openTicket(
        pair.server.handle.ssl, SSL_get_session(pair.server.handle.ssl), nil, 0, SSL_TICKET_SUCCESS, nil)
      #expect(Self.peekCount() == entries, "ticket")
      unsafe Callbacks.info(pair.server.handle.ssl, SSL_CB_READ_ALERT, 1 << 8 | 90)
      #expect(Self.peekCount() == entries, "info")
      unsafe Callbacks.message(0, 0, SSL3_RT_ALERT, [1, 90] as [UInt8], 2, pair.server.handle.ssl, nil)
      #expect(Self.peekCount() == entries, "message")
    }
    ERR_clear_error()
  }

  /// The number of entries in the queue. They are removed and restored, as nothing else can count them.
  private static func peekCount() -> Int {
    var codes: [CUnsignedLong] = []
    while true {
      let code = ERR_get_error()
      if code == 0 { break }
      codes.append(code)
    }
    for code in codes {
      ERR_new()
      // No text: the counts are compared, not what they say.
      unsafe withVaList([]) { unsafe ERR_vset_error(ERR_GET_LIB(code), ERR_GET_REASON(code), nil, $0) }
    }
    return codes.count
  }
}
