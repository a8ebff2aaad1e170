import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

/// Contexts and staples exchanged while connections use them.
@Suite(.tags(.behaviour))
struct ContextHolderTests {
  private static let authority = TestAuthority()

  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  private static func contexts(_ count: Int) throws -> (client: TLSContext, servers: [TLSContext]) {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [authority.trust]
    let servers = try (0..<count).map { number in
      try TLSContext(.server(authority.issue(names: ["localhost"], subject: "Certificate \(number)").identity))
    }
    return (try TLSContext(client), servers)
  }

  @Test(arguments: TLSVersion.both)
  func `an old connection continues and a new one has the new certificate`(version: TLSVersion) throws {
    let (client, servers) = try Self.contexts(2)
    let holder = TLSContextHolder(servers[0])
    var old = try EnginePair(client: client, server: holder.context)
    try old.handshake()
    try holder.replace(by: servers[1])
    var new = try EnginePair(client: client, server: holder.context)
    try new.handshake()
    #expect(old.client.peerCertificates.first?.subject.description == "CN=Certificate 0")
    #expect(new.client.peerCertificates.first?.subject.description == "CN=Certificate 1")
    #expect(try old.transfer([1], from: .client) == [1])
    #expect(try old.transfer([2], from: .server) == [2])
    if old.client.negotiated?.version == .tls13 { try old.keyUpdate(from: .server, requestingPeer: true) }
    #expect(try old.transfer([3], from: .server) == [3])
    try old.shutdown()
    try new.shutdown()
  }

  @Test func `a context of the other role is refused, and the old one stays`() throws {
    let (client, servers) = try Self.contexts(1)
    let holder = TLSContextHolder(servers[0])
    expectRefusal(.wrongRole, .misuse) { try holder.replace(by: client) }
    #expect(holder.context === servers[0])
  }

  @Test func `a replaced context is released with its last connection`() throws {
    weak var context: TLSContext?
    let (client, servers) = try Self.contexts(1)
    var first: TLSContext? = try TLSContext(.server(Self.authority.issue(names: ["localhost"]).identity))
    context = first
    let holder = TLSContextHolder(first!)
    first = nil
    do {
      var pair = try EnginePair(client: client, server: holder.context)
      try pair.handshake()
      try holder.replace(by: servers[0])
      #expect(context != nil)
      #expect(try pair.transfer([1], from: .client) == [1])
    }
    #expect(context == nil)
  }

  /// Tasks connect while another exchanges contexts and staples: none fails, each connection has a certificate that was
  /// current, and every certificate appears.
  @Test func `contexts and staples are exchanged under load`() async throws {
    let (client, servers) = try Self.contexts(8)
    let holder = TLSContextHolder(servers[0])
    let flag = Flag()
    let connectionCount = 40
    let subjects = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<4 {
        group.addTask {
          var old = try EnginePair(client: client, server: holder.context)
          try old.handshake()
          var seen: [String] = []
          for _ in 0..<connectionCount {
            var pair = try EnginePair(client: client, server: holder.context)
            try pair.handshake()
            #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
            #expect(try old.transfer([4, 5, 6], from: .client) == [4, 5, 6])
            seen.append(pair.client.peerCertificates.first?.subject.description ?? "none")
          }
          return seen
        }
      }
      let exchange = Task {
        var turn = 0
        while !flag.isSet.load(ordering: .relaxed) {
          turn += 1
          try holder.replace(by: servers[turn % servers.count])
          await Task.yield()
        }
        return turn
      }
      var subjects: [String] = []
      for try await seen in group { subjects += seen }
      flag.isSet.store(true, ordering: .relaxed)
      #expect(try await exchange.value > 0)
      return subjects
    }
    #expect(subjects.count == 4 * connectionCount)
    #expect(subjects.allSatisfy { $0.hasPrefix("CN=Certificate ") })
  }

  @Test func `a staple is replaced while it is read`() async throws {
    let identity = Self.authority.issue(names: ["localhost"])
    let staples = [identity.staple(.good), identity.staple(.revoked), identity.staple(.goodByResponder)]
    let holder = try TLSStapleHolder(staples[0])
    let turns = 2000
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<turns {
            let response = holder.response
            #expect(response.map(staples.contains) == true)
          }
        }
      }
      for number in 0..<2 {
        group.addTask {
          for turn in 0..<turns { try? holder.replace(by: staples[(turn + number) % 3]) }
        }
      }
    }
  }
}
