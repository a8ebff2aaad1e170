import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 7. Nobody else's errors: entries that others left in this thread's queue change nothing, and the engine leaves
/// none behind.
///
/// The queue belongs to the thread, so nothing here may suspend: each test is one synchronous function.
struct ForeignErrorTests {
  /// Leaves entries in the queue, as a failed call of anybody on this thread does.
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
      for side in EnginePair.Side.allCases {
        let flight = call("drain") { pair.at(side) { $0.drain() } }
        for half in [flight.prefix(flight.count / 2), flight.dropFirst(flight.count / 2)] {
          let fed = try call("feed") { try pair.at(side.peer) { try $0.feed(half) } }
          log.append("fed \(fed == half.count)")
          let step = try call("handshake") { try pair.at(side.peer) { try $0.handshake() } }
          log.append("\(step)")
          let read = try call("read") { try pair.at(side.peer) { try $0.read(upTo: 100) } }
          log.append("\(read)")
        }
      }
    }
    for side in EnginePair.Side.allCases {
      log.append("\(try call("write") { try pair.at(side) { try $0.write(Array("hello".utf8)) } })")
      if version == .tls13 {
        log.append("\(try call("keyUpdate") { try pair.at(side) { try $0.keyUpdate(requestingPeer: true) } })")
      }
      let records = call("drain") { pair.at(side) { $0.drain() } }
      for byte in records {
        _ = try call("feed") { try pair.at(side.peer) { try $0.feed([byte]) } }
        log.append("\(try call("read") { try pair.at(side.peer) { try $0.read(upTo: 100) } })")
      }
      log.append("\(call("negotiated") { pair.at(side) { $0.negotiated?.version } } as Any)")
      log.append("\(call("peerCertificates") { pair.at(side) { $0.peerCertificates.count } })")
      let exported = try call("export") {
        try pair.at(side) { try $0.exportKeyingMaterial(label: "EXPORTER-x", count: 8) }
      }
      log.append("\(exported.count)")
      log.append("\(call("hibernate") { pair.at(side) { $0.hibernate() } })")
    }
    for side in EnginePair.Side.allCases {
      log.append("\(try call("close") { try pair.at(side) { try $0.close() } })")
      let records = call("drain") { pair.at(side) { $0.drain() } }
      _ = try call("feed") { try pair.at(side.peer) { try $0.feed(records) } }
      log.append("\(try call("read") { try pair.at(side.peer) { try $0.read(upTo: 100) } })")
      call("feedEOF") { pair.at(side.peer) { $0.feedEOF() } }
      log.append("\(try call("read") { try pair.at(side.peer) { try $0.read(upTo: 100) } })")
      log.append("\(call("events") { pair.at(side.peer) { $0.allEvents().count } })")
      _ = call("takeTrailingInput") { pair.at(side.peer) { $0.takeTrailingInput() } }
    }
    return log
  }

  @Test(arguments: TLSVersion.both)
  func `no call leaves an entry behind`(version: TLSVersion) throws {
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
  func `a failing connection leaves nothing behind and is told without foreign entries`(
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
    #expect(first?.library == second?.library)
  }

  @Test(arguments: TLSVersion.both)
  func `one connection's failure does not touch its neighbour on the thread`(version: TLSVersion) throws {
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
  func `a refused configuration leaves nothing behind`() {
    ERR_clear_error()
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = "NO-SUCH-CIPHER"
    #expect(thrownError { _ = try TLSContext(configuration) }?.code == .unknownCipher)
    #expect(ERR_peek_error() == 0)
    #expect(thrownError { _ = try TLSCertificate(der: [1, 2, 3]) }?.code == .invalidCertificate)
    #expect(ERR_peek_error() == 0)
  }
}
