import SansIOTLSTransports

/// Lines over a byte transport, each terminated by CRLF.
struct LineChannel<Transport: ByteTransport> {
  /// Received bytes that are not yet part of a line.
  ///
  /// Examine them when TLS starts or ends: bytes received in plaintext must not be read as if they were received
  /// through TLS.
  private(set) var buffered: [UInt8]

  private let transport: Transport

  init(_ transport: Transport, buffered: [UInt8] = []) {
    self.transport = transport
    self.buffered = buffered
  }

  /// Returns the next line without its terminator; `nil` at the end of the stream.
  mutating func line() async throws -> String? {
    while true {
      if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffered[..<end]
        // If one server accepts a bare line feed as the end of a line and the next does not, a message can be smuggled
        // after another (CVE-2023-51764). The same holds for a bare carriage return.
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

/// An error in the form of a line.
enum LineError: Error, CustomStringConvertible {
  case tooLong
  case bareEnd

  /// The maximum length of a line in bytes: that of a line of a message, and a leading dot (RFC 5321, section
  /// 4.5.3.1.6: 1,000 bytes with CRLF, the longest of all kinds of lines).
  static var limit: Int { MailMessage.lineLimit + 1 }

  var description: String {
    switch self {
    case .tooLong: "Line too long"
    case .bareEnd: "A line contains CR or LF outside its CRLF"
    }
  }
}
