import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// A request for the client's certificate after the handshake, between this library and programs of others.
@Suite(.fewAtATime, .ifItHangs) struct LateAuthenticationPeerTests {
  private static let alice = TestIdentity.client("Alice")

  private static func workshop() -> Workshop {
    let workshop = Workshop()
    workshop.write("clients.pem", alice.authority.rootPEM)
    workshop.write("alice.pem", alice.chainPEM)
    workshop.write("alice.key", alice.privateKeyPEM)
    return workshop
  }

  private static func server(_ workshop: Workshop) throws -> TLSContext {
    try PeerStream.server(workshop, "1.3") { server in
      server.clientAuthentication = .onRequest
      server.trustRoots = [alice.trust]
    }
  }

  private static func client(_ workshop: Workshop, port: Int) throws -> PeerStream.Stream {
    try PeerStream.client(workshop, "1.3", port: port) { client in
      client.identities = [try alice.identity]
      client.offersPostHandshakeAuthentication = true
    }
  }

  // MARK: This library's server

  @Test(arguments: [true, false])
  func `openssl s_client presents its certificate later, or nothing`(presents: Bool) async throws {
    let workshop = Self.workshop()
    let context = try Self.server(workshop)
    let listening = try LoopbackSocket.Listening()
    let identity = presents ? ["-cert", workshop.file("alice.pem"), "-key", workshop.file("alice.key")] : []
    let arguments = ["s_client", "-connect", "127.0.0.1:\(listening.port)", "-enable_pha", "-quiet"] + identity
    try await PeerProgram.run("openssl", arguments) { lines, input in
      let stream = try await PeerStream.accept(listening, context)
      try await Self.ask(stream, isRequired: presents)
      // It has read the request, which precedes the line, and answered: what it sends now follows the answer.
      _ = try await lines.next(with: "asked")
      _ = try await input.write("hello\n")
      #expect(try await PeerStream.line(stream) == "hello\n")
      #expect(PeerStream.events(stream) == ["handshakeCompleted", "clientCertificateReceived"])
      #expect(stream.withEngine { $0.peerCertificates } == (presents ? [try Self.alice.certificate] : []))
    }
  }

  @Test func `openssl s_client without a certificate is refused where one is required`() async throws {
    let workshop = Self.workshop()
    let context = try Self.server(workshop)
    let listening = try LoopbackSocket.Listening()
    let arguments = ["s_client", "-connect", "127.0.0.1:\(listening.port)", "-enable_pha", "-quiet"]
    try await PeerProgram.run("openssl", arguments) { lines, _ in
      let stream = try await PeerStream.accept(listening, context)
      try await Self.ask(stream, isRequired: true)
      await #expect(throws: TLSStreamError.self) { try await PeerStream.line(stream) }
      #expect(stream.withEngine { $0.failure }?.alertSent == .certificateRequired)
      #expect(try await lines.next(with: "alert number 116").hasPrefix("alert number 116"))
    }
  }

  @Test func `openssl s_client without -enable_pha is not asked`() async throws {
    let workshop = Self.workshop()
    let context = try Self.server(workshop)
    let listening = try LoopbackSocket.Listening()
    let arguments = ["s_client", "-connect", "127.0.0.1:\(listening.port)", "-quiet"]
    try await PeerProgram.run("openssl", arguments) { lines, _ in
      let stream = try await PeerStream.accept(listening, context)
      let error = await #expect(throws: TLSStreamError.self) { try await stream.requestClientCertificate() }
      #expect(error?.description.contains("post_handshake_auth") == true, "\(String(describing: error))")
      try await stream.write(Array("served\n".utf8))
      #expect(try await lines.next(with: "served") == "served")
    }
  }

  @Test func `Python's client presents its certificate later`() async throws {
    let workshop = Self.workshop()
    let context = try Self.server(workshop)
    let listening = try LoopbackSocket.Listening()
    let arguments = [
      "\(Tool.peers)/after_handshake.py", "client", "\(listening.port)", Workshop.serverName, "1.3",
      workshop.file("ca.pem"), workshop.file("alice.pem"), workshop.file("alice.key"),
    ]
    try await PeerProgram.run("python3", arguments) { _, _ in
      let stream = try await PeerStream.accept(listening, context)
      #expect(try await PeerStream.line(stream) == "hello\n")
      #expect(stream.withEngine { $0.peerCertificates }.isEmpty)
      try await Self.ask(stream, isRequired: true)
      #expect(try await PeerStream.line(stream) == "ASKED\n")
      #expect(PeerStream.events(stream) == ["handshakeCompleted", "clientCertificateReceived"])
      #expect(stream.withEngine { $0.peerCertificates } == [try Self.alice.certificate])
      try await stream.close()
    }
  }

  @Test func `gnutls-cli presents its certificate later`() async throws {
    let workshop = Self.workshop()
    let context = try Self.server(workshop)
    let listening = try LoopbackSocket.Listening()
    let arguments = [
      "--post-handshake-auth", "--no-ca-verification", "--x509certfile", workshop.file("alice.pem"), "--x509keyfile",
      workshop.file("alice.key"), "--port", "\(listening.port)", "127.0.0.1",
    ]
    try await PeerProgram.run("gnutls-cli", arguments) { lines, input in
      let stream = try await PeerStream.accept(listening, context)
      try await Self.ask(stream, isRequired: true)
      _ = try await lines.next(with: "asked")
      _ = try await input.write("hello\n")
      #expect(try await PeerStream.line(stream) == "hello\n")
      #expect(PeerStream.events(stream) == ["handshakeCompleted", "clientCertificateReceived"])
      #expect(stream.withEngine { $0.peerCertificates } == [try Self.alice.certificate])
    }
  }

  private static func ask(_ stream: PeerStream.Stream, isRequired: Bool) async throws {
    try await stream.requestClientCertificate(isRequired: isRequired)
    try await stream.write(Array("asked\n".utf8))
  }

  // MARK: This library's client

  @Test func `openssl s_server has the client's certificate when it asks`() async throws {
    let workshop = Self.workshop()
    let arguments = [
      "s_server", "-accept", "127.0.0.1:0", "-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"),
      "-CAfile", workshop.file("clients.pem"),
    ]
    try await PeerProgram.run("openssl", arguments) { lines, input in
      let stream = try Self.client(workshop, port: try await lines.port(with: "ACCEPT"))
      try await stream.handshake()
      try await stream.write(Array("hello\n".utf8))
      _ = try await lines.next(with: "hello")
      #expect(!lines.said.contains { $0.contains("Alice") })
      // Its command for a request.
      _ = try await input.write("c\n")
      async let line = PeerStream.line(stream)
      #expect(try await lines.next(with: "depth=0").contains("CN = Alice"))
      #expect(try await lines.next(with: "verify return:").hasSuffix("1"))
      _ = try await input.write("served\n")
      #expect(try await line == "served\n")
      try await stream.write(Array("bye\n".utf8))
      #expect(try await lines.next(with: "bye") == "bye")
    }
  }

  @Test func `Python's server has the client's certificate when it asks`() async throws {
    let workshop = Self.workshop()
    let arguments = [
      "\(Tool.peers)/after_handshake.py", "server", workshop.file("chain.pem"), workshop.file("key.pem"), "1.3",
      workshop.file("clients.pem"),
    ]
    try await PeerProgram.run("python3", arguments) { lines, _ in
      let stream = try Self.client(workshop, port: try await lines.port(with: ""))
      try await stream.handshake()
      try await stream.write(Array("hello\n".utf8))
      #expect(try await PeerStream.line(stream) == "asked\n")
      try await stream.write(Array("here\n".utf8))
      #expect(try await lines.next(with: "Alice") == "Alice")
      try await stream.close()
    }
  }
}
