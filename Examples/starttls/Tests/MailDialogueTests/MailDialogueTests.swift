import MailDialogue
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// The whole dialogue in memory: the upgrade, its failures, and the return to plaintext.
struct MailDialogueTests {
  private static let message = MailMessage(
    sender: "a@example", recipients: ["b@example", "c@example"],
    lines: ["Subject: x", "", ".", "..two", ".\u{301}accent", "end"])

  private final class Box: Sendable {
    private let messages = Mutex<[MailMessage]>([])
    func add(_ message: MailMessage) { messages.withLock { $0.append(message) } }
    var all: [MailMessage] { messages.withLock { $0 } }
  }

  private let box = Box()
  private let server: MailServer
  private let client: MailClient
  private let serverContext: TLSContext
  private let clientContext: TLSContext

  init() throws {
    let identity = TestIdentity.server()
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [identity.trust]
    (serverContext, clientContext) = (try TLSContext(.server(identity.identity)), try TLSContext(configuration))
    let box = box
    server = MailServer(context: serverContext) { box.add($0) }
    client = MailClient(context: clientContext, serverName: .dns("localhost"))
  }

  @Test(arguments: [false, true])
  func `a message is sent through TLS, and the dialogue may end in plaintext`(leavingTLS: Bool) async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    try await client.send(Self.message, over: near, leavingTLS: leavingTLS)
    try await served
    #expect(box.all == [Self.message])
  }

  @Test func `the dialogue completes over transports that fragment and delay`() async throws {
    for seed in UInt64(1)...20 {
      let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: seed))
      async let served: Void = server.serve(far)
      try await client.send(Self.message, over: near, leavingTLS: seed % 2 == 0)
      try await served
    }
    #expect(box.all.count == 20)
  }

  @Test func `mail in plaintext is not accepted`() async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    await near.send(Array("EHLO x\r\nMAIL FROM:<a@example>\r\nQUIT\r\n".utf8))
    #expect(try await Self.answers(near).contains("530 "))
    try await served
    #expect(box.all.isEmpty)
  }

  @Test func `plaintext after STARTTLS is refused and not read later`() async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    await near.send(Array("EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@example>\r\n".utf8))
    #expect(try await Self.answers(near).contains("554 "))
    try await served
  }

  @Test func `a server that does not offer TLS receives no mail`() async throws {
    let (near, far) = MemoryTransport.pair()
    await far.send(Array("220 x\r\n250 x\r\n".utf8))
    await #expect(throws: MailClient.Refused.self) { try await client.send(Self.message, over: near) }
  }

  @Test func `a client refuses plaintext after the reply to STARTTLS`() async throws {
    let (near, far) = MemoryTransport.pair()
    await far.send(Array("220 x\r\n250-x\r\n250 STARTTLS\r\n220 Go ahead\r\n250 injected\r\n".utf8))
    await #expect(throws: MailClient.Refused.self) { try await client.send(Self.message, over: near) }
    // The client sent nothing after STARTTLS, not even a ClientHello.
    #expect(try await Self.answers(far) == "EHLO localhost\r\nSTARTTLS\r\n")
  }

  @Test func `a plaintext command instead of a ClientHello is not TLS`() async throws {
    let (near, far) = MemoryTransport.pair()
    let served = Task { [server] in try await server.serve(far) }
    try await Self.startTLS(near)
    await near.send(Array("MAIL FROM:<evil@example>\r\nRCPT TO:<b@example>\r\nDATA\r\n".utf8))
    // The transport ends without a plaintext reply.
    let answer = try await Self.answers(near)
    #expect(!answer.contains("250") && !answer.contains("354"))
    let error = await #expect(throws: TLSStreamError.self) { try await served.value }
    #expect(error?.code == .tls)
    #expect(box.all.isEmpty)
  }

  @Test func `a client receives the alert before the end`() async throws {
    let (near, far) = MemoryTransport.pair()
    let served = Task { [server] in try await server.serve(far) }
    try await Self.startTLS(near)
    // A handshake that starts with a ServerHello.
    await near.send([22, 3, 1, 0, 4, 2, 0, 0, 0])
    var answer: [UInt8] = []
    while let piece = await near.receive(upTo: 4096) { answer += piece }
    // A record of one fatal alert, unexpected_message.
    #expect(answer.first == 21 && answer.suffix(2) == [2, 10])
    let error = await #expect(throws: TLSStreamError.self) { try await served.value }
    #expect(error?.code == .tls)
  }

  @Test func `a client that is silent after STARTTLS exceeds the deadline`() async throws {
    var limits = MailServer.Limits()
    limits.patience = .zero
    let server = MailServer(context: serverContext, limits: limits) { _ in }
    let (near, far) = MemoryTransport.pair()
    let served = Task { [server] in try await server.serve(far) }
    try await Self.startTLS(near)
    #expect(try await Self.answers(near) == "")
    let error = await #expect(throws: TLSStreamError.self) { try await served.value }
    #expect(error?.code == .deadlineExceeded)
  }

  @Test(arguments: [
    MailMessage(sender: "a@example", recipients: ["b@example"], lines: ["x\r\n.\r\nMAIL FROM:<evil@example>"]),
    MailMessage(sender: "a@example", recipients: ["b@example"], lines: ["x", "y\n.\nz"]),
    MailMessage(sender: "a@example", recipients: ["b@example"], lines: ["x\r"]),
    MailMessage(sender: "a@example", recipients: ["b@example"], lines: [String(repeating: "x", count: 999)]),
    MailMessage(sender: "a@example>\r\nRCPT TO:<evil@example", recipients: ["b@example"]),
    MailMessage(sender: "a@example", recipients: ["b@example", "c@example\n"]),
    MailMessage(sender: "a@example", recipients: ["b@example> SIZE=1"]),
    MailMessage(sender: "a@example", recipients: ["<b@example"]),
    MailMessage(sender: "a@example", recipients: ["b@example", ""]),
    MailMessage(sender: "a\0@example", recipients: ["b@example"]),
  ])
  func `an invalid message is not sent`(message: MailMessage) async throws {
    let (near, far) = MemoryTransport.pair()
    await far.send(Array("220 x\r\n250-x\r\n250 STARTTLS\r\n".utf8))
    far.closeOutput()
    await #expect(throws: MailClient.Refused.self) { try await client.send(message, over: near) }
    #expect(try await Self.answers(far) == "")
  }

  @Test func `the longest line that may be sent arrives`() async throws {
    let message = MailMessage(
      sender: "", recipients: ["b@example"], lines: ["." + String(repeating: "x", count: 997)])
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    try await client.send(message, over: near)
    try await served
    #expect(box.all == [message])
  }

  @Test func `TLS data after CCC is refused, not dropped`() async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    let stream = try await startedTLS(near)
    try await stream.write(Array("CCC\r\nNOOP\r\n".utf8))
    #expect(try await Self.answers(stream).hasPrefix("554 "))
    try await served
  }

  @Test func `a client refuses TLS data after the reply to CCC`() async throws {
    let (near, far) = MemoryTransport.pair()
    let context = serverContext
    async let received = { () async throws -> String in
      await far.send(Array("220 x\r\n".utf8))
      for answer in ["250-x\r\n250 STARTTLS\r\n", "220 x\r\n"] {
        _ = await far.receive(upTo: 4096)
        await far.send(Array(answer.utf8))
      }
      let stream = TLSStream(try TLSEngine(.server, context: context), over: far)
      var (received, answered) = ("", "")
      while let bytes = try await stream.read() {
        received += String(decoding: bytes, as: UTF8.self)
        if received.hasSuffix("CCC\r\n") {
          answered = "200 x\r\n250 injected\r\n"
        } else if received.hasSuffix("DATA\r\n") {
          answered = "354 x\r\n"
        } else if received.contains("DATA\r\n"), !received.hasSuffix("\r\n.\r\n") {
          continue
        } else {
          answered = "250 x\r\n"
        }
        try await stream.write(Array(answered.utf8))
      }
      return received
    }()
    let message = MailMessage(sender: "a@example", recipients: ["b@example"], lines: ["x"])
    await #expect(throws: MailClient.Refused.self) { try await client.send(message, over: near, leavingTLS: true) }
    // TLS has ended, and nothing follows it.
    #expect(try await received.hasSuffix("CCC\r\n"))
    #expect(try await Self.answers(far) == "")
  }

  @Test(arguments: ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r\r\n", "\r\n\n"])
  func `a line that does not end with CRLF ends only the dialogue`(end: String) async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    let stream = try await startedTLS(near)
    let smuggled = "MAIL FROM:<evil@example>\r\nRCPT TO:<c@example>\r\nDATA\r\nz\r\n.\r\n"
    try await stream.write(
      Array("MAIL FROM:<a@example>\r\nRCPT TO:<b@example>\r\nDATA\r\nx\(end)\(smuggled)".utf8))
    let answers = try await Self.answers(stream).split(separator: "\r\n").map { $0.prefix(4) }
    #expect(answers == ["250 ", "250 ", "354 ", "500 "])
    try await served
    #expect(box.all.isEmpty)
  }

  @Test func `a dot is recognized by its byte, regardless of the next`() async throws {
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    let stream = try await startedTLS(near)
    try await stream.write(
      Array("MAIL FROM:<>\r\nRCPT TO:<b@example>\r\nDATA\r\n..\u{301}\r\n.\u{301}\r\n.\r\nQUIT\r\n".utf8))
    #expect(try await Self.answers(stream).hasSuffix("221 Bye\r\n"))
    try await served
    #expect(box.all.first?.lines.map { Array($0.utf8) } == [Array(".\u{301}".utf8), Array("\u{301}".utf8)])
  }

  @Test func `requests have limits`() async throws {
    var limits = MailServer.Limits()
    (limits.recipients, limits.messageSize) = (2, 20)
    let box = box
    let server = MailServer(context: serverContext, limits: limits) { box.add($0) }
    let (near, far) = MemoryTransport.pair()
    async let served: Void = server.serve(far)
    let stream = try await startedTLS(near)
    let fits = String(repeating: "x", count: 18)
    let commands = [
      "MAIL FROM:<a@example>", "RCPT TO:<b@example>", "RCPT TO:<c@example>", "RCPT TO:<d@example>", "RCPT TO:<>",
      "MAIL FROM:<a b>", "DATA", fits, "x", ".", "DATA", fits, ".", String(repeating: "x", count: 1000),
    ]
    try await stream.write(Array(commands.map { "\($0)\r\n" }.joined().utf8))
    let answers = try await Self.answers(stream).split(separator: "\r\n").map { $0.prefix(3) }
    #expect(answers == ["250", "250", "250", "452", "501", "501", "354", "552", "354", "250", "500"])
    try await served
    #expect(box.all.map(\.recipients) == [["b@example", "c@example"]])
    #expect(box.all.map(\.lines) == [[fits]])
  }

  @Test(arguments: [("220-x\r\n", 200), ("x", 2000)])
  func `an endless reply is not accepted`(piece: String, count: Int) async throws {
    let reply = String(repeating: piece, count: count)
    let (near, far) = MemoryTransport.pair()
    await far.send(Array(reply.utf8))
    await #expect(throws: (any Error).self) { try await client.send(Self.message, over: near) }
    #expect(try await Self.answers(far) == "")
  }

  // MARK: Support

  /// Performs a client's plaintext dialogue up to the start of TLS.
  private static func startTLS(_ transport: MemoryTransport) async throws {
    await transport.send(Array("EHLO x\r\n".utf8))
    var answers = ""
    while !answers.hasSuffix("250 STARTTLS\r\n") {
      answers += String(decoding: try #require(await transport.receive(upTo: 4096)), as: UTF8.self)
    }
    await transport.send(Array("STARTTLS\r\n".utf8))
    #expect(await transport.receive(upTo: 4096) == Array("220 Go ahead\r\n".utf8))
  }

  private func startedTLS(_ transport: MemoryTransport) async throws -> TLSStream<MemoryTransport> {
    try await Self.startTLS(transport)
    return TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: clientContext), over: transport)
  }

  private static func answers(_ stream: TLSStream<MemoryTransport>) async throws -> String {
    var bytes: [UInt8] = []
    for try await piece in stream.plaintext { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func answers(_ transport: MemoryTransport) async throws -> String {
    var bytes: [UInt8] = []
    while let piece = await transport.receive(upTo: 4096) { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
  }
}
