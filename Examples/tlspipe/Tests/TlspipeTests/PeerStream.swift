import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Streams of this library over loopback sockets, with the identity of a workshop.
enum PeerStream {
  typealias Stream = TLSStream<FileDescriptorTransport>
  typealias Configuration = TLSContext.Configuration

  /// Creates the context of a server with the workshop's identity.
  static func server(
    _ workshop: Workshop, _ version: String, configure: (inout Configuration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    var configuration = Configuration.server(try workshop.identity.identity)
    configuration.maximumVersion = Self.version(version)
    try configure(&configuration)
    return try TLSContext(configuration)
  }

  /// Creates the stream of a client that trusts the workshop's authority.
  static func client(
    _ workshop: Workshop, _ version: String, port: Int, configure: (inout Configuration) throws -> Void = { _ in }
  ) throws -> Stream {
    var configuration = Configuration.client()
    configuration.trustRoots = [workshop.identity.trust]
    configuration.maximumVersion = Self.version(version)
    try configure(&configuration)
    let engine = try TLSEngine(.client(serverName: .dns(Workshop.serverName)), context: TLSContext(configuration))
    return TLSStream(engine, over: try LoopbackSocket.connect(port: port))
  }

  /// Performs the handshake of a server with its next client.
  static func accept(_ listening: borrowing LoopbackSocket.Listening, _ context: TLSContext) async throws -> Stream {
    let stream = TLSStream(try TLSEngine(.server, context: context), over: try listening.accept())
    try await stream.handshake()
    return stream
  }

  /// Reads up to the end of a line.
  static func line(_ stream: Stream) async throws -> String {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n"), let piece = try await stream.read() { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The names of the events that wait.
  static func events(_ stream: Stream) -> [String] {
    stream.withEngine { engine in
      var events: [String] = []
      while let event = engine.nextEvent() {
        if case .sessionTicket = event { continue }
        events.append("\(event)")
      }
      return events
    }
  }

  private static func version(_ text: String) -> TLSVersion { text == "1.2" ? .tls12 : .tls13 }
}

extension [UInt8] {
  /// The bytes in hexadecimal, as openssl (capitals) and others print them.
  func digits(capitals: Bool = false) -> String {
    map { byte in
      let text = String(byte, radix: 16, uppercase: capitals)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
