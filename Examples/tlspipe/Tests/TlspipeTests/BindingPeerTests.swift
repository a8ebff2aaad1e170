import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Exported keying material and channel bindings, compared with those of other programs on the same connection.
@Suite(.fewAtATime, .ifItHangs) struct BindingPeerTests {
  private static let label = "EXPORTER-Channel-Binding"

  /// Everything of one side that a peer may print.
  private struct Bindings {
    let exported: [UInt8]
    let exporter: [UInt8]
    let unique: [UInt8]?
    let serverEndPoint: [UInt8]?

    init(_ stream: PeerStream.Stream) throws {
      exported = try stream.withEngine { engine throws(TLSError) in
        try engine.exportKeyingMaterial(label: label, count: 57)
      }
      exporter = try stream.withEngine { engine throws(TLSError) in try engine.channelBinding(.exporter) }
      unique = stream.withEngine { try? $0.channelBinding(.unique) }
      serverEndPoint = stream.withEngine { try? $0.channelBinding(.serverEndPoint) }
    }
  }

  // MARK: openssl

  @Test(arguments: ["1.2", "1.3"], [32, 57])
  func `the server exports what openssl s_client does`(_ version: String, _ count: Int) async throws {
    let workshop = Workshop()
    let context = try PeerStream.server(workshop, version)
    let listening = try LoopbackSocket.Listening()
    let arguments = [
      "s_client", "-connect", "127.0.0.1:\(listening.port)", "-keymatexport", Self.label, "-keymatexportlen",
      "\(count)",
    ]
    let (server, said) = try await PeerProgram.run("openssl", arguments) { lines, _ in
      let stream = try await PeerStream.accept(listening, context)
      let said = try await lines.next(with: "Keying material: ")
      return (try Bindings(stream), said)
    }
    try Self.compare(said, server, version, count)
  }

  @Test(arguments: ["1.2", "1.3"], [32, 57])
  func `the client exports what openssl s_server does`(_ version: String, _ count: Int) async throws {
    let workshop = Workshop()
    let arguments = [
      "s_server", "-accept", "127.0.0.1:0", "-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"),
      "-keymatexport", Self.label, "-keymatexportlen", "\(count)",
    ]
    let (client, said) = try await PeerProgram.run("openssl", arguments) { lines, _ in
      let stream = try PeerStream.client(workshop, version, port: try await lines.port(with: "ACCEPT"))
      try await stream.handshake()
      let said = try await lines.next(with: "Keying material: ")
      return (try Bindings(stream), said)
    }
    try Self.compare(said, client, version, count)
  }

  private static func compare(_ said: String, _ bindings: Bindings, _ version: String, _ count: Int) throws {
    let digits = said.dropFirst("Keying material: ".count)
    if count == 57 { #expect(digits == bindings.exported.digits(capitals: true)) }
    // openssl exports without a context: in TLS 1.3 the same as with an empty one, which is tls-exporter.
    if count == 32 { #expect((digits == bindings.exporter.digits(capitals: true)) == (version == "1.3")) }
  }

  // MARK: Python

  @Test(arguments: ["1.2", "1.3"])
  func `the server's bindings are those of Python's client, also after a resumption`(_ version: String) async throws {
    let workshop = Workshop()
    let context = try PeerStream.server(workshop, version)
    let listening = try LoopbackSocket.Listening()
    let arguments = [
      "\(Tool.peers)/after_handshake.py", "client", "\(listening.port)", Workshop.serverName, version,
      workshop.file("ca.pem"),
    ]
    try await PeerProgram.run("python3", arguments) { lines, _ in
      for isResumed in [false, true] {
        let stream = try await PeerStream.accept(listening, context)
        let server = try Bindings(stream)
        #expect(stream.negotiated?.isResumed == isResumed)
        let words = try await lines.next(with: isResumed ? "True" : "False").split(separator: " ")
        try #require(words.count == 3)
        try Self.compareUnique(String(words[1]), server, version)
        // A server that resumes does not know it.
        if !isResumed { #expect(words[2] == server.serverEndPoint?.digits() ?? "") }
        #expect(try await PeerStream.line(stream) == "hello\n")
        try await stream.close()
      }
    }
  }

  @Test(arguments: ["1.2", "1.3"])
  func `the client's bindings are those of Python's server`(_ version: String) async throws {
    let workshop = Workshop()
    let arguments = [
      "\(Tool.peers)/after_handshake.py", "server", workshop.file("chain.pem"), workshop.file("key.pem"), version,
    ]
    try await PeerProgram.run("python3", arguments) { lines, _ in
      let stream = try PeerStream.client(workshop, version, port: try await lines.port(with: ""))
      try await stream.handshake()
      let client = try Bindings(stream)
      let words = try await lines.next(with: "False").split(separator: " ")
      try #require(words.count == 2)
      try Self.compareUnique(String(words[1]), client, version)
      try await stream.close()
    }
  }

  /// Python has a Finished of TLS 1.3 too, for which no RFC defines tls-unique.
  private static func compareUnique(_ said: String, _ bindings: Bindings, _ version: String) throws {
    if version == "1.3" { return #expect(bindings.unique == nil) }
    #expect(said == (try #require(bindings.unique)).digits())
  }

  // MARK: gnutls

  @Test(arguments: ["1.2", "1.3"])
  func `the server's exports and bindings are those of gnutls-cli`(_ version: String) async throws {
    let workshop = Workshop()
    let context = try PeerStream.server(workshop, version)
    let listening = try LoopbackSocket.Listening()
    let arguments = [
      "--verbose", "--no-ca-verification", "--port", "\(listening.port)", "--keymatexport", Self.label,
      "--keymatexportsize", "57", "127.0.0.1",
    ]
    try await PeerProgram.run("gnutls-cli", arguments) { lines, _ in
      let stream = try await PeerStream.accept(listening, context)
      let server = try Bindings(stream)
      // It shows nothing before there is something to read.
      try await stream.write(Array("served\n".utf8))
      if version == "1.2" {
        let unique = try #require(server.unique).digits()
        #expect(try await lines.next(with: "'tls-unique': ") == "'tls-unique': \(unique)")
      }
      #expect(try await lines.next(with: "Key material: ") == "Key material: \(server.exported.digits())")
      try await stream.close()
    }
  }
}
