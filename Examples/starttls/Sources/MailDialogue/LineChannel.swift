import SansIOTLSTransports

/// Lines over a byte transport, each ended by CRLF or LF.
struct LineChannel<Transport: ByteTransport> {
  /// A line that does not end.
  struct TooLong: Error {}

  /// What was received and not yet taken as a line. Whoever changes from clear to TLS looks at it: bytes that came before
  /// TLS must not be read as if they had come through it.
  private(set) var buffered: [UInt8]

  private let transport: Transport

  /// RFC 5321, section 4.5.3.1.6, allows 1,000; a mail body may have more.
  private static var limit: Int { 65_536 }

  init(_ transport: Transport, buffered: [UInt8] = []) {
    self.transport = transport
    self.buffered = buffered
  }

  /// The next line without its end; `nil` at the end of the stream.
  mutating func line() async throws -> String? {
    while true {
      if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
        var line = buffered[..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        buffered.removeFirst(end + 1)
        return text
      }
      if buffered.count > Self.limit { throw TooLong() }
      guard let bytes = try await transport.receive(upTo: 4096) else { return nil }
      buffered += bytes
    }
  }

  func send(_ line: String) async throws { try await transport.send(Array("\(line)\r\n".utf8)) }
}
