import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

@testable import SansIOTLSTrace

/// Captures as Wireshark reads them. The checks of this repository install tshark, so that nothing is skipped there.
@Suite(.enabled(if: Tshark.isInstalled, "tshark is not installed")) struct CaptureWiresharkTests {
  private static let request = "GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n"
  private static let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

  /// The secrets that the engines report.
  private final class Secrets: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) { lines.withLock { $0.append(line) } }

    /// The secrets since the last call.
    func take() -> [String] {
      lines.withLock { lines in
        defer { lines = [] }
        return lines
      }
    }
  }

  /// A request, its answer, and the close of both sides.
  ///
  /// - Parameters:
  ///   - version: The version of TLS.
  ///   - logger: The side whose secrets are in the file.
  ///   - pieceSize: The size of the pieces of ciphertext at most.
  /// - Returns: The pieces of the file.
  private func conversation(
    _ version: TLSVersion, logger: TLSRole = .server, pieceSize: Int = .max
  ) throws -> [UInt8] {
    let secrets = Secrets()
    var pair = try EnginePair(version: version) { client, server in
      switch logger {
      case .client: client.keyLog = TLSKeyLog { secrets.append($0) }
      case .server: server.keyLog = TLSKeyLog { secrets.append($0) }
      }
    }
    var capture = Capture()
    var file: [UInt8] = []
    var time: UInt64 = 1_700_000_000_000_000_000
    func keep() {
      // Before that, a secret for earlier packets may still follow.
      guard pair[logger].negotiated != nil else { return }
      for line in secrets.take() { capture.keyLog(line) }
      file += capture.takeBytes()
    }
    func pass(_ bytes: [UInt8], by side: TLSRole, _ receive: (ArraySlice<UInt8>) throws -> Int) throws {
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(pieceSize)
        time += 1_000_000
        capture.sent(Array(piece), by: side, at: time)
        rest = rest.dropFirst(try receive(piece))
        keep()
      }
    }
    func move() throws {
      for _ in 0..<6 {
        try pass(pair.client.drain(), by: .client) { try pair.server.feed($0) }
        try pass(pair.server.drain(), by: .server) { try pair.client.feed($0) }
      }
    }
    try move()
    _ = try pair.client.write(Self.request.utf8)
    try move()
    #expect(try pair.server.read(upTo: 1000).value.map { String(decoding: $0, as: UTF8.self) } == Self.request)
    _ = try pair.server.write(Self.response.utf8)
    _ = try pair.server.closeWriting()
    try move()
    #expect(try pair.client.read(upTo: 1000).value.map { String(decoding: $0, as: UTF8.self) } == Self.response)
    _ = try pair.client.closeWriting()
    try move()
    capture.ended(by: .server, at: time)
    capture.ended(by: .client, at: time)
    keep()
    return file
  }

  /// Verifies that all checksums are correct, no packet is lost, duplicated or out of order, and no window is full.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - fields: Further fields. Each run of tshark takes most of a second: one reads everything.
  /// - Returns: Each packet's values of these fields, where it has any.
  @discardableResult
  private func expectSoundTransport(_ file: [UInt8], _ fields: String...) throws -> [String] {
    let packets = try Tshark.read(
      file,
      ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|"]
        + (["ip.checksum.status", "tcp.checksum.status", "tcp.analysis.flags"] + fields).flatMap { ["-e", $0] })
    #expect(!packets.isEmpty)
    let sound = "1|1||"
    #expect(packets.allSatisfy { "\($0)|".hasPrefix(sound) })
    return packets.map { String($0.dropFirst(sound.count)) }.filter { $0.contains { $0 != "|" } }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13], TLSRole.allCases)
  func `encrypted data is readable from the file alone`(_ version: TLSVersion, _ logger: TLSRole) throws {
    let file = try conversation(version, logger: logger)
    #expect(try expectSoundTransport(file, "http.request.uri", "http.response.code") == ["/secret|", "|200"])
  }

  @Test(arguments: [TLSVersion.tls12, .tls13], TLSRole.allCases)
  func `single bytes are joined`(_ version: TLSVersion, _ logger: TLSRole) throws {
    let file = try conversation(version, logger: logger, pieceSize: 1)
    #expect(try expectSoundTransport(file, "http.request.uri") == ["/secret"])
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `the close_notify of both sides is shown`(_ version: TLSVersion) throws {
    let alerts = try Tshark.read(
      try conversation(version), "-Y", "tls.alert_message", "-T", "fields", "-e", "tcp.srcport", "-e",
      "tls.alert_message.desc")
    #expect(alerts == ["443\t0", "49152\t0"])
  }

  @Test(arguments: TLSRole.allCases)
  func `early data is readable from the file alone`(logger: TLSRole) throws {
    let secrets = Secrets()
    var (client, server) = try EnginePair.configurations(version: .tls13)
    switch logger {
    case .client: client.keyLog = TLSKeyLog { secrets.append($0) }
    case .server: server.keyLog = TLSKeyLog { secrets.append($0) }
    }
    server.maximumEarlyDataByteCount = 1_000
    server.earlyDataReplayFilter = try TLSReplayFilter()
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var first = try EnginePair(client: contexts.client, server: contexts.server)
    try first.handshake()
    _ = try first.receive(at: .client)
    var session: TLSSession?
    while let event = first.client.nextEvent() { if case .sessionTicket(let newest) = event { session = newest } }
    _ = secrets.take()

    let offered = try #require(session)
    var pair = try EnginePair(
      client: contexts.client, server: contexts.server, session: offered, sendsEarlyData: true)
    try pair.sendEarly(Array(Self.request.utf8))
    var capture = Capture()
    for time in 0..<4 as Range<UInt64> {
      let sent = pair.drain(from: .client)
      if !sent.isEmpty { capture.sent(sent, by: .client, at: time * 2) }
      _ = try pair.feed(sent, to: .server)
      let answer = pair.drain(from: .server)
      if !answer.isEmpty { capture.sent(answer, by: .server, at: time * 2 + 1) }
      _ = try pair.feed(answer, to: .client)
    }
    #expect(pair.client.earlyData == .accepted(byteCount: Self.request.utf8.count))
    let lines = secrets.take()
    #expect(lines.contains { $0.hasPrefix("CLIENT_EARLY_TRAFFIC_SECRET ") })
    for line in lines { capture.keyLog(line) }
    #expect(
      try Tshark.read(capture.bytes, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri") == ["/secret"])
  }

  @Test func `the connection begins and ends as TCP does`() throws {
    let ends = try Tshark.read(
      try conversation(.tls13), "-Y", "tcp.flags.syn == 1 || tcp.flags.fin == 1", "-T", "fields", "-e", "tcp.srcport",
      "-e", "tcp.flags")
    #expect(ends == ["49152\t0x0002", "443\t0x0012", "443\t0x0011", "49152\t0x0011"])
  }

  @Test func `much data in one direction fills no window, and wrapped sequence numbers are accepted`() throws {
    var capture = Capture(
      connection: TCPFraming(clientPort: 49_152, clientSequence: .max - 1_000_000, serverSequence: .max - 5))
    for _ in 0..<40 { capture.sent([UInt8](repeating: 0, count: 70_001), by: .client, at: 0) }
    capture.sent([UInt8](repeating: 0, count: 10), by: .server, at: 1)
    let file = capture.bytes
    try expectSoundTransport(file)
    let last = try Tshark.read(file, "-T", "fields", "-e", "tcp.seq").last
    #expect(last == "\(40 * 70_001 + 1)")
  }
}
