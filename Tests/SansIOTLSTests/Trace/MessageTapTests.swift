import Foundation
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The message tap: each record and message exactly once, in order, and the result of the call.
struct MessageTapTests {
  /// Two engines without a pair, which would remove their messages.
  private struct Engines: ~Copyable {
    var client: TLSEngine
    var server: TLSEngine
    /// The observations of the client, and the number of bytes that it drained and was fed.
    var messages: [TLSTracedMessage] = []
    var drained = 0
    var fed = 0

    init(_ client: consuming TLSEngine, _ server: consuming TLSEngine) {
      self.client = client
      self.server = server
    }

    init(
      _ version: TLSVersion, limits: TLSEngine.Limits = .default,
      configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
    ) throws {
      var (client, server) = try EnginePair.configurations(version: version)
      try configure(&client, &server)
      self.init(
        try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(client), limits: limits),
        try TLSEngine(.server, context: TLSContext(server)))
    }

    /// Moves everything, in pieces of so many bytes, and pulls what the client tapped after each.
    mutating func move(pieces: Int = .max) throws {
      while true {
        let up = client.drain()
        drained += up.count
        if !up.isEmpty { _ = try? server.feed(up) }
        var down = server.drain()[...]
        if up.isEmpty, down.isEmpty { return }
        while !down.isEmpty {
          fed += try client.feed(down.prefix(pieces))
          down = down.dropFirst(pieces)
          pull()
        }
        pull()
      }
    }

    mutating func pull() { while let message = client.nextTracedMessage() { messages.append(message) } }

    func sizes(_ direction: TLSTracedMessage.Direction) -> Int {
      messages.filter { message in
        if case .record = message.content { message.direction == direction } else { false }
      }.map(\.size).reduce(0, +)
    }

    /// The handshake messages, alerts and ChangeCipherSpecs, in words.
    var names: [String] {
      messages.compactMap { message in
        if case .record = message.content { nil } else { "\(message)".components(separatedBy: ",")[0] }
      }
    }
  }

  @Test(arguments: TLSVersion.both, [Int.max, 1])
  func `the traced records add up to the bytes, however they are fed`(version: TLSVersion, pieces: Int) throws {
    var engines = try Engines(version)
    try engines.move(pieces: pieces)
    _ = try engines.client.write([UInt8](repeating: 1, count: 40_000))
    try engines.move(pieces: pieces)
    _ = try engines.server.read(upTo: 100_000)
    _ = try engines.server.write([UInt8](repeating: 2, count: 5000))
    try engines.move(pieces: pieces)
    _ = try engines.client.read(upTo: 100_000)
    engines.pull()
    #expect(engines.sizes(.sent) == engines.drained)
    #expect(engines.sizes(.received) == engines.fed)
  }

  @Test func `a TLS 1.3 handshake is traced message by message`() throws {
    var engines = try Engines(.tls13)
    try engines.move()
    #expect(
      engines.names == [
        "sent ClientHello", "received ServerHello", "received EncryptedExtensions", "received Certificate",
        "received CertificateVerify", "received Finished", "sent ChangeCipherSpec", "sent Finished",
      ])
    #expect(engines.messages.first?.isEncrypted == false)
    #expect(engines.messages.last?.isEncrypted == true)
    #expect(engines.messages.last?.callOutcome == .done)
  }

  /// Decompression would evade the limits. From libssl 3.2 on both sides would offer it, and a client do it
  /// (RFC 8879).
  @Test(.tags(.law11)) func `certificates are not compressed`() throws {
    var engines = try Engines(.tls13) { client, server in
      try EnginePair.authenticateClient(&client, &server)
      server.tracesMessages = true
    }
    let hello = engines.client.drain()
    #expect(!Self.extensions(ofClientHello: hello).contains(27))
    _ = try engines.server.feed(hello)
    try engines.move()
    while let message = engines.server.nextTracedMessage() { engines.messages.append(message) }
    #expect(engines.names.filter { $0.hasSuffix(" Certificate") }.count == 4)
    #expect(!engines.names.contains { $0.contains("Compressed") })
  }

  /// The numbers of the extensions in a record with a whole ClientHello.
  private static func extensions(ofClientHello record: [UInt8]) -> [Int] {
    func number(_ position: Int) -> Int { Int(record[position]) << 8 + Int(record[position + 1]) }
    var position = 43
    position += 1 + Int(record[position])
    position += 2 + number(position)
    position += 1 + Int(record[position])
    let end = position + 2 + number(position)
    position += 2
    var numbers: [Int] = []
    while position < end {
      numbers.append(number(position))
      position += 4 + number(position + 2)
    }
    return numbers
  }

  @Test func `a TLS 1.2 handshake is traced message by message`() throws {
    var engines = try Engines(.tls12)
    try engines.move()
    #expect(
      engines.names == [
        "sent ClientHello", "received ServerHello", "received Certificate", "received ServerKeyExchange",
        "received ServerHelloDone", "sent ClientKeyExchange", "sent ChangeCipherSpec", "sent Finished",
        "received NewSessionTicket", "received Finished",
      ])
    let finished = engines.messages.filter { $0.content == .handshake(.finished) }
    #expect(finished.map(\.isEncrypted) == [true, true])
    #expect(engines.messages.filter { $0.content == .handshake(.newSessionTicket) }.map(\.isEncrypted) == [false])
  }

  @Test(arguments: TLSVersion.both)
  func `it is the same byte by byte`(version: TLSVersion) throws {
    var whole = try Engines(version)
    try whole.move()
    var bytewise = try Engines(version)
    try bytewise.move(pieces: 1)
    #expect(bytewise.names == whole.names)
    #expect(bytewise.messages.map(\.isEncrypted) == whole.messages.map(\.isEncrypted))
  }

  @Test func `HelloRetryRequest has its own name`() throws {
    var engines = try Engines(.tls13) { client, server in
      client.groups = [.x25519, .secp256r1]
      server.groups = [.secp256r1]
    }
    try engines.move()
    #expect(engines.names.prefix(3) == ["sent ClientHello", "received HelloRetryRequest", "sent ChangeCipherSpec"])
    #expect(engines.names.filter { $0 == "sent ClientHello" }.count == 2)
  }

  @Test(arguments: TLSVersion.both)
  func `the last message of a call states the call's result`(version: TLSVersion) throws {
    var engines = try Engines(version)
    engines.pull()
    #expect(engines.messages.map(\.callOutcome) == [nil, .needsFeed])
    try engines.move()
    _ = try engines.server.write([1])
    _ = try engines.server.closeWriting()
    try engines.move()
    _ = try engines.client.read(upTo: 1)
    #expect(try engines.client.read(upTo: 1) == .endOfStream)
    engines.pull()
    #expect(engines.messages.last?.content == .alert(.closeNotify, isFatal: false))
    #expect(engines.messages.last?.callOutcome == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `a failure and its alert are traced`(version: TLSVersion) throws {
    var engines = try Engines(version) { client, _ in client.trustRoots = [TestAuthority().trust] }
    #expect(throws: TLSError.self) { try engines.move() }
    engines.pull()
    #expect(engines.messages.contains { $0.content == .alert(.unknownCA, isFatal: true) && $0.direction == .sent })
    #expect(engines.messages.contains { $0.callOutcome == .failed(.certificateRejected) })
  }

  @Test func `beyond the limit the oldest messages go`() throws {
    let limits = TLSEngine.Limits.with { $0.tracedMessageCount = 5 }
    var engines = try Engines(.tls13, limits: limits)
    _ = try? engines.server.feed(engines.client.drain())
    _ = try? engines.client.feed(engines.server.drain())
    engines.pull()
    #expect(engines.messages.count == 5)
    #expect(engines.messages.last?.content == .handshake(.finished))
  }

  @Test(arguments: TLSVersion.both)
  func `without the option nothing is kept`(version: TLSVersion) throws {
    var engines = try Engines(version) { client, _ in client.tracesMessages = false }
    try engines.move()
    engines.pull()
    #expect(engines.messages.isEmpty)
  }

  /// RFC 5246, appendix E.2: a client of old times begins with a ClientHello in the form of SSL 2.
  @Test
  func `a ClientHello in the form of SSL 2 is a ClientHello`() throws {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server(key: .rsa2048).identity)
    configuration.tracesMessages = true
    // It cannot name signature algorithms, and so signs with SHA-1.
    configuration.securityLevel = 0
    var server = try TLSEngine(.server, context: TLSContext(configuration))
    // Type 1, version 3.3, one suite of three bytes (AES128-SHA), no session, a challenge of 16 bytes.
    let message: [UInt8] = [1, 3, 3, 0, 3, 0, 0, 0, 16, 0, 0, 0x2f] + (0..<16)
    let hello = [0x80, UInt8(message.count)] + message
    #expect(try server.feed(hello) == hello.count)
    var messages: [TLSTracedMessage] = []
    while let message = server.nextTracedMessage() { messages.append(message) }
    #expect(messages.prefix(2).map(\.content) == [.record(.handshake), .handshake(.clientHello)])
    #expect(messages.prefix(2).map(\.size) == [hello.count, message.count])
    #expect(messages.prefix(2).allSatisfy { $0.direction == .received && !$0.isEncrypted })
    #expect(messages.contains { $0.content == .handshake(.serverHello) && $0.direction == .sent })
  }
}
