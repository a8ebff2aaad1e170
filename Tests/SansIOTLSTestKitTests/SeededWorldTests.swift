import Foundation
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A seed decides every byte of a conversation, on any thread and during any other.
struct SeededWorldTests {
  static let printsTranscripts = ProcessInfo.processInfo.environment["PRINTS_TRANSCRIPTS"] != nil

  /// The properties of a conversation that affect its random numbers.
  struct Shape: Sendable, CustomTestStringConvertible {
    var version: TLSVersion = .tls13
    var key: TestIdentity.KeyType = .p256
    var group = TLSGroup.x25519
    var cipher: String?
    var clientKey: TestIdentity.KeyType?
    var tickets = 1

    static let all: [Shape] =
      [TLSVersion.tls12, .tls13].flatMap { version in
        [TestIdentity.KeyType.p256, .p384, .ed25519, .rsa2048].flatMap { key in
          [TLSGroup.x25519, .secp256r1].flatMap { group in
            [nil, TestIdentity.KeyType.p256, .rsa2048].map { clientKey in
              Shape(version: version, key: key, group: group, clientKey: clientKey)
            }
          }
        }
      } + [
        // Cipher suites that draw for each record (CBC) or for the key exchange (RSA).
        Shape(version: .tls12, cipher: "ECDHE-ECDSA-AES128-SHA256"),
        Shape(version: .tls12, key: .rsa2048, cipher: "AES128-SHA256"),
        Shape(version: .tls12, key: .rsa2048, cipher: "ECDHE-RSA-AES256-SHA384"),
        Shape(group: .secp384r1, tickets: 3), Shape(group: .x448, tickets: 0),
      ]

    /// All of them for Tests/Determinism/check. RSA keys take half a second each to make, and libcrypto is slow on
    /// P-384: here RSA keys have only the suites that draw in other ways, and one group is used with every key. The
    /// tests of several threads below have RSA keys in both roles.
    static let here: [Shape] =
      SeededWorldTests.printsTranscripts
      ? all
      : all.filter { shape in
        switch (shape.key, shape.clientKey) {
        case (.rsa2048, _), (_, .rsa2048): shape.cipher != nil
        case (.p256, _): true
        default: shape.group == .x25519
        }
      }

    var testDescription: String {
      "\(version) \(key) \(group)\(cipher.map { " \($0)" } ?? "")\(clientKey.map { ", client \($0)" } ?? "")"
    }

    /// A full handshake, data, key updates, a resumption and its data, in a world of this seed.
    func tapes(_ seed: UInt64) throws -> [Tape] {
      let world = SeededWorld(seed: seed)
      // In TLS 1.2 the curve of an ECDSA certificate has to be among the groups.
      let groups = [group] + [.secp256r1, .secp384r1].filter { $0 != group }
      let authority = world.authority()
      var (client, server) = try EnginePair.configurations(
        version: version, identity: authority.issue(names: ["localhost"], key: key))
      client.groups = groups
      server.groups = groups
      client.cipherList = cipher
      server.resumption = .tickets(count: tickets)
      if let clientKey {
        client.identities = [try authority.issue(subject: "Client", key: clientKey, usage: .client).identity]
        server.trustRoots = [authority.trust]
        server.clientAuthentication = .required
      }
      let contexts = (client: try world.context(client), server: try world.context(server))
      var first = try EnginePair(client: contexts.client, server: contexts.server, in: world)
      let session = try Self.converse(&first)
      guard let session else { return [try #require(first.log.tape)] }
      var second = try EnginePair(client: contexts.client, server: contexts.server, session: session, in: world)
      _ = try Self.converse(&second)
      #expect(second.client.negotiated?.isResumed == true)
      return [try #require(first.log.tape), try #require(second.log.tape)]
    }

    private static func converse(_ pair: inout EnginePair) throws -> TLSSession? {
      try pair.handshake()
      #expect(try pair.transfer(Array("GET / HTTP/1.1\r\n\r\n".utf8), from: .client).count == 18)
      if pair.client.negotiated?.version == .tls13 {
        try pair.keyUpdate(from: .client, requestingPeer: true)
        try pair.keyUpdate(from: .server, requestingPeer: false)
      }
      #expect(try pair.transfer([UInt8](repeating: 7, count: 40_000), from: .server).count == 40_000)
      try pair.shutdown()
      var session: TLSSession?
      while let event = pair.client.nextEvent() { if case .sessionTicket(let ticket) = event { session = ticket } }
      return session
    }
  }

  @Test(arguments: Shape.here)
  func `one seed produces one conversation`(shape: Shape) throws {
    let first = try shape.tapes(42)
    // For Tests/Determinism/check, which compares what other processes print on other days.
    if Self.printsTranscripts {
      print("transcript \(shape.testDescription): \(first.map(\.digest).joined(separator: " "))")
      return
    }
    let second = try shape.tapes(42)
    #expect(first.map(\.digest) == second.map(\.digest))
    // To report where, if they differ.
    for (tape, other) in zip(first, second) {
      for (entry, repeated) in zip(tape.entries, other.entries) where entry != repeated {
        Issue.record("\("\(entry)".prefix(400))\n\("\(repeated)".prefix(400))")
        break
      }
    }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `another seed produces another conversation`(version: TLSVersion) throws {
    let shape = Shape(version: version, clientKey: .p256)
    #expect(try shape.tapes(43).map(\.digest) != shape.tapes(42).map(\.digest))
  }

  @Test
  func `conversations on many threads at once are the same`() async throws {
    for shape in [Shape(version: .tls12, key: .rsa2048), Shape(version: .tls13, key: .rsa2048, clientKey: .rsa2048)] {
      let expected = try shape.tapes(7).map(\.digest)
      try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<3 { group.addTask { try shape.tapes(7).map(\.digest) } }
        for try await digests in group { #expect(digests == expected) }
      }
    }
  }

  @Test
  func `a conversation that changes threads is the same`() async throws {
    func run(hopping: Bool) async throws -> [String] {
      let world = SeededWorld(seed: 9)
      // RSA blinding draws again for each thread that uses the key.
      let authority = world.authority(key: .rsa2048)
      var (client, server) = try EnginePair.configurations(
        version: .tls12, identity: authority.issue(names: ["localhost"], key: .rsa2048))
      client.identities = [try authority.issue(subject: "Client", key: .rsa2048, usage: .client).identity]
      server.trustRoots = [authority.trust]
      server.clientAuthentication = .required
      let contexts = (client: try world.context(client), server: try world.context(server))
      var digests: [String] = []
      for _ in 0..<12 {
        if hopping {
          let digest = try await Self.elsewhere {
            var pair = try EnginePair(client: contexts.client, server: contexts.server, in: world)
            try pair.handshake()
            return pair.log.tape?.digest
          }
          digests.append(digest ?? "none")
        } else {
          var pair = try EnginePair(client: contexts.client, server: contexts.server, in: world)
          try pair.handshake()
          digests.append(pair.log.tape?.digest ?? "none")
        }
      }
      return digests
    }
    let resting = try await run(hopping: false)
    #expect(Set(resting).count == resting.count)
    #expect(try await run(hopping: true) == resting)
  }

  /// Runs on a thread of its own.
  private static func elsewhere<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  @Test
  func `contexts outside of a world stay random`() throws {
    let world = SeededWorld(seed: 1)
    var inside = try EnginePair(in: world)
    try inside.handshake()
    let draws = world.draws(.client)
    #expect(draws > 0)
    var hellos: Set<[UInt8]> = []
    for _ in 0..<8 {
      var outside = try EnginePair()
      hellos.insert(outside.client.drain())
      try outside.handshakeIgnoringDrained()
    }
    #expect(hellos.count == 8)
    #expect(world.draws(.client) == draws)
    #expect(TestAuthority().certificateDER != TestAuthority().certificateDER)
  }

  @Test
  func `identities minted in a world are the same, and differ between seeds`() {
    func mint(_ seed: UInt64) -> [[UInt8]] {
      let world = SeededWorld(seed: seed)
      let root = world.authority()
      let leaf = root.issueIntermediate().issue(names: ["a.example"], key: .ed25519)
      return [root.certificateDER, leaf.privateKeyDER] + leaf.chainDER
    }
    #expect(mint(5) == mint(5))
    #expect(mint(5) != mint(6))
  }

  @Test
  func `worlds return to the pool and start again`() throws {
    // Without the system's store, which takes longer to read than the rest.
    var client = TLSContext.Configuration.client()
    client.trustRoots = [TestIdentity.server().trust]
    // More than can exist at once.
    for _ in 0..<600 {
      let world = SeededWorld(seed: 3)
      #expect(world.draws(.client) == 0)
      _ = try world.context(client)
      #expect(world.draws(.client) > 0)
    }
  }

  @Test
  func `a context keeps its world's library when the world is gone`() throws {
    func contexts() throws -> (TLSContext, TLSContext) {
      let world = SeededWorld(seed: 4)
      let (client, server) = try EnginePair.configurations(
        identity: world.authority().issue(names: ["localhost"]))
      return (try world.context(client), try world.context(server))
    }
    let (client, server) = try contexts()
    // Would reset the same library, if it was free.
    let other = SeededWorld(seed: 4)
    var pair = try EnginePair(client: client, server: server)
    try pair.handshake()
    #expect(other.draws(.client) == 0)
    #expect(other.draws(.server) == 0)
  }
}

extension EnginePair {
  /// Ends an engine whose ClientHello was drained, by ending its transport.
  fileprivate mutating func handshakeIgnoringDrained() throws {
    _ = try client.closeWriting()
    feedEOF(to: .server)
    #expect(server.failure?.code == .truncated)
  }
}
