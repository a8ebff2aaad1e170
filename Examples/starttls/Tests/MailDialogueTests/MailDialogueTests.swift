import MailDialogue
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// The whole dialogue in memory: upgraded, refused, and back in clear.
struct MailDialogueTests {
  private static let message = MailMessage(
    sender: "a@example", recipients: ["b@example", "c@example"], lines: ["Subject: x", "", ".", "..two", "end"])

  private final class Box: Sendable {
    private let messages = Mutex<[MailMessage]>([])
    func add(_ message: MailMessage) { messages.withLock { $0.append(message) } }
    var all: [MailMessage] { messages.withLock { $0 } }
  }

  private let box = Box()
  private let server: MailServer
  private let client: MailClient

  init() throws {
    let identity = TestIdentity.server()
    let box = box
    server = MailServer(context: try TLSContext(.server(identity.identity))) { box.add($0) }
    var configuration = TLSContext.Configuration.client()
    configuration.trust = [identity.trust]
    client = MailClient(context: try TLSContext(configuration), serverName: .dns("localhost"))
  }

  @Test(arguments: [false, true])
  func `a message goes through TLS, and the dialogue may end in clear`(leavingTLS: Bool) async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    try await client.send(Self.message, over: near, leavingTLS: leavingTLS)
    try await served
    #expect(box.all == [Self.message])
  }

  @Test func `it works over carriers that cut and delay`() async throws {
    for seed in UInt64(1)...20 {
      let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: seed))
      async let served: Void = server.serve(far)
      try await client.send(Self.message, over: near, leavingTLS: seed % 2 == 0)
      try await served
    }
    #expect(box.all.count == 20)
  }

  @Test func `mail in clear is not taken`() async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    await near.send(Array("EHLO x\r\nMAIL FROM:<a@example>\r\nQUIT\r\n".utf8))
    #expect(try await Self.answers(near).contains("530 "))
    try await served
    #expect(box.all.isEmpty)
  }

  @Test func `what follows STARTTLS in clear is refused and not read later`() async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    await near.send(Array("EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@example>\r\n".utf8))
    #expect(try await Self.answers(near).contains("554 "))
    try await served
  }

  @Test func `a server that does not offer TLS gets no mail`() async throws {
    let (near, far) = MemoryTransport.pair()
    await far.send(Array("220 x\r\n250 x\r\n".utf8))
    await #expect(throws: MailClient.Refused.self) { try await client.send(Self.message, over: near) }
  }

  private static func answers(_ transport: MemoryTransport) async throws -> String {
    var bytes: [UInt8] = []
    while let piece = await transport.receive(upTo: 4096) { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
  }
}
