import PinnedClient
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The whole client, its own loop and its own transport, against a server in the same process.
struct PinnedClientTests {
  private let identity = TestIdentity.server("shout.example")
  private let client: PinnedClient

  init() throws {
    client = try PinnedClient(pin: Pin([identity.certificate], trust: [identity.trust]))
  }

  // Guide: whole
  @Test
  func `the client returns the answer`() throws {
    let answer = try client.ask(Array("hello\n".utf8), of: "shout.example", over: NearbyServer(identity))
    #expect(answer == Array("HELLO\n".utf8))
  }

  @Test
  func `a server that is not the pinned one receives no request`() throws {
    let server = try NearbyServer(identity.authority.issue(names: ["shout.example"]))
    #expect(throws: TLSError.self) { try client.ask(Array("hello\n".utf8), of: "shout.example", over: server) }
    #expect(server.request == [])
  }

  @Test(arguments: [0, 5, 300, 800, 1_000])
  func `a connection that ends early is an error, not a short answer`(count: Int) throws {
    let server = try NearbyServer(identity, link: .truncating(from: .server, after: count))
    let error = #expect(throws: TLSError.self) {
      try client.ask(Array("hello\n".utf8), of: "shout.example", over: server)
    }
    #expect(error?.code == .truncated)
  }
  // Guide: end

  @Test
  func `a request that exceeds the engine's buffers arrives whole`() throws {
    let server = try NearbyServer(identity)
    let request = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000) + Array("\n".utf8)
    _ = try client.ask(request, of: "shout.example", over: server)
    #expect(server.request == request)
  }

  @Test
  func `an answer may arrive byte by byte`() throws {
    let server = try NearbyServer(identity, link: .pieces(of: 1))
    #expect(try client.ask(Array("hello\n".utf8), of: "shout.example", over: server) == Array("HELLO\n".utf8))
  }

  @Test(arguments: TestSeeds.first(25))
  func `a slow network makes no difference`(seed: UInt64) throws {
    let server = try NearbyServer(identity, link: SimulatedLink(seed: seed))
    #expect(try client.ask(Array("hello\n".utf8), of: "shout.example", over: server) == Array("HELLO\n".utf8))
  }

  @Test(arguments: TestSeeds.first(25))
  func `with any flipped bit, the answer is correct or absent`(seed: UInt64) throws {
    let server = try NearbyServer(identity, link: SimulatedLink(seed: seed, faults: .corrupts))
    let answer = try? client.ask(Array("hello\n".utf8), of: "shout.example", over: server)
    #expect(answer == nil || answer == Array("HELLO\n".utf8))
  }
}
