import SansIOTLSTransports

/// Lines over a byte transport, each ended by CRLF.
struct LineChannel<Transport: ByteTransport> {
  /// What was received and not yet taken as a line. Whoever changes from clear to TLS looks at it: bytes that came before
  /// TLS must not be read as if they had come through it.
  private(set) var buffered: [UInt8]

  private let transport: Transport

  init(_ transport: Transport, buffered: [UInt8] = []) {
    self.transport = transport
    self.buffered = buffered
  }

  /// The next line without its end; `nil` at the end of the stream.
  mutating func line() async throws -> String? {
    while true {
      if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffered[..<end]
        // A bare line feed that one server takes for the end of a line, and the next does not, is how a message is
        // smuggled behind another (CVE-2023-51764). A carriage return alone is the same.
        guard let last = line.indices.last, line.firstIndex(of: UInt8(ascii: "\r")) == last else {
          throw LineError.bareEnd
        }
        guard line.count <= LineError.limit + 1 else { throw LineError.tooLong }
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        buffered.removeFirst(end + 1)
        return text
      }
      if buffered.count > LineError.limit + 1 { throw LineError.tooLong }
      guard let bytes = try await transport.receive(upTo: 4096) else { return nil }
      buffered += bytes
    }
  }

  func send(_ line: String) async throws { try await transport.send(Array("\(line)\r\n".utf8)) }
}

/// A line that is none.
enum LineError: Error, CustomStringConvertible {
  case tooLong
  case bareEnd

  /// RFC 5321, section 4.5.3.1.6: 1,000 bytes with CRLF, the longest of all kinds of lines. One more than a line of a message
  /// has, for the dot in front.
  static var limit: Int { MailMessage.lineLimit + 1 }

  var description: String {
    switch self {
    case .tooLong: "Line too long"
    case .bareEnd: "A line ends by CRLF, and holds neither"
    }
  }
}
