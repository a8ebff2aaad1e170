import SansIOTLS
import Testing

@testable import SansIOTLSTrace

struct CaptureTests {
  private static let secret =
    "CLIENT_RANDOM \(String(repeating: "0a", count: 32)) \(String(repeating: "F1", count: 48))"

  @Test func `a file begins with its section and its interface`() throws {
    let file = try CaptureFile(Capture(comment: "Grüße\nzwei Zeilen").bytes)
    try #require(file.blocks.count == 2)
    guard case .section(let section) = file.blocks[0], case .interface(let link, let interface) = file.blocks[1] else {
      return #expect(Bool(false), "\(file.blocks)")
    }
    #expect(section == [1: Array("Grüße\nzwei Zeilen".utf8), 4: Array("SansIOTLS".utf8)])
    #expect(link == 101)
    #expect(interface == [9: [9]])
  }

  @Test func `a comment without end is cut and still a comment`() throws {
    let file = try CaptureFile(Capture(comment: String(repeating: "🔑", count: 100_000)).bytes)
    guard case .section(let options) = file.blocks[0] else { return #expect(Bool(false)) }
    #expect(options[1] == Array(String(repeating: "🔑", count: 16_000).utf8))
  }

  @Test func `the first bytes follow a TCP handshake`() throws {
    var capture = Capture()
    capture.sent([1, 2, 3], by: .client, at: 1_700_000_000_123_456_789)
    let packets = try CaptureFile(capture.bytes).packets
    #expect(packets.map(\.flags) == [0x02, 0x12, 0x10, 0x18, 0x10])
    #expect(packets.map(\.isFromClient) == [true, false, true, true, false])
    #expect(packets.map(\.payload) == [[], [], [], [1, 2, 3], []])
    #expect(packets.allSatisfy { $0.time == 1_700_000_000_123_456_789 })
    #expect(packets[0].source == [192, 0, 2, 1])
    #expect(packets[0].sourcePort == 49_152)
    #expect(packets[0].destination == [192, 0, 2, 2])
    #expect(packets[0].destinationPort == 443)
  }

  /// Joins the data by the sequence numbers, and verifies that each follows the one before.
  private func expectContinuity(_ packets: [CaptureFile.Packet]) {
    var next: [Bool: UInt32] = [:]
    for packet in packets {
      if let expected = next[packet.isFromClient] { #expect(packet.sequence == expected) }
      if packet.flags & 0x10 != 0 { #expect(packet.acknowledged == next[!packet.isFromClient]) }
      let isSynOrFin = packet.flags & 0x03 != 0
      next[packet.isFromClient] = packet.sequence &+ UInt32(packet.payload.count) &+ (isSynOrFin ? 1 : 0)
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 1460, 65_494, 65_495, 65_496, 200_001])
  func `any number of bytes arrives in whole packets`(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var capture = Capture()
    capture.sent(bytes, by: .client, at: 0)
    capture.sent(bytes.reversed(), by: .server, at: 0)
    let packets = try CaptureFile(capture.bytes).packets
    expectContinuity(packets)
    #expect(packets.filter(\.isFromClient).flatMap(\.payload) == bytes)
    #expect(packets.filter { !$0.isFromClient }.flatMap(\.payload) == bytes.reversed())
    #expect(packets.count(where: { !$0.payload.isEmpty }) == 2 * ((count + 65_494) / 65_495))
  }

  @Test func `sequence numbers wrap`() throws {
    var capture = Capture(
      connection: TCPFraming(clientPort: 50_000, clientSequence: .max - 100_000, serverSequence: .max - 1))
    for _ in 0..<4 {
      capture.sent([UInt8](repeating: 7, count: 70_000), by: .client, at: 0)
      capture.sent([8], by: .server, at: 0)
    }
    let packets = try CaptureFile(capture.bytes).packets
    expectContinuity(packets)
    #expect(packets.last { $0.isFromClient }!.sequence < 200_000)
    #expect(packets.last { !$0.isFromClient }!.sequence == 2)
  }

  @Test func `empty ciphertext is no packet`() throws {
    var capture = Capture()
    capture.sent([], by: .server, at: 1)
    #expect(try CaptureFile(capture.bytes).packets.isEmpty)
  }

  @Test func `an end is one FIN, and what follows it is not added`() throws {
    var capture = Capture()
    capture.sent([1], by: .server, at: 1)
    capture.ended(by: .server, at: 2)
    capture.ended(by: .server, at: 3)
    capture.sent([2], by: .server, at: 4)
    capture.sent([3], by: .client, at: 5)
    capture.ended(by: .client, at: 6)
    let packets = try CaptureFile(capture.bytes).packets
    expectContinuity(packets)
    #expect(packets.filter { $0.flags & 1 != 0 }.map(\.isFromClient) == [false, true])
    #expect(packets.flatMap(\.payload) == [1, 3])
    #expect(packets.map(\.time) == [1, 1, 1, 1, 1, 2, 2, 5, 5, 6, 6])
  }

  @Test func `a connection that ends without a byte has its packets`() throws {
    var capture = Capture()
    capture.ended(by: .client, at: 9)
    #expect(try CaptureFile(capture.bytes).packets.map(\.flags) == [0x02, 0x12, 0x10, 0x11, 0x10])
  }

  @Test func `time does not decrease`() throws {
    var capture = Capture()
    for time: UInt64 in [5, 3, .max, 0] { capture.sent([0], by: .client, at: time) }
    #expect(try CaptureFile(capture.bytes).packets.map(\.time).suffix(8) == [5, 5, 5, 5, .max, .max, .max, .max])
  }

  @Test func `secrets precede all packets that were not returned`() throws {
    var capture = Capture()
    var file: [UInt8] = []
    for side in TLSRole.allCases {
      capture.sent([1], by: side, at: 1)
      let isTaken = capture.keyLog(Self.secret)
      #expect(isTaken)
      file += capture.takeBytes()
    }
    let kinds = try CaptureFile(file).blocks.map { block in
      switch block {
      case .section: "section"
      case .interface: "interface"
      case .secrets(let text): text == Self.secret + "\n" ? "secret" : "other"
      case .packet: "packet"
      }
    }
    let first = ["section", "interface", "secret"] + Array(repeating: "packet", count: 5)
    #expect(kinds == first + ["secret", "packet", "packet"])
  }

  @Test(arguments: [
    "", " ", "  ", "#", "# a comment", "CLIENT_RANDOM", "CLIENT_RANDOM 00", "CLIENT_RANDOM  00", "CLIENT_RANDOM 0 00",
    "CLIENT_RANDOM 00 0g", "CLIENT_RANDOM 00 00 ", "CLIENT_RANDOM 00 00 00", "CLIENT_RANDOM 00 00\n",
    "CLIENT_RANDOM 00 00\nCLIENT_RANDOM 11 11", "CLIENT_RANDOM 00 00\r\n", "CLIENT_RANDOM 00 00\0", "lower 00 00",
    "CLIENT\u{1b}[0m 00 00", "CLIENT_RANDOM 00 " + String(repeating: "00", count: 1000), "CLIENT_RANDOM 00 ٠٠",
  ])
  func `a line that is not a secret is not added`(_ line: String) {
    var capture = Capture()
    let before = capture.bytes
    let isTaken = capture.keyLog(line)
    #expect(!isTaken)
    #expect(capture.bytes == before)
  }

  @Test(arguments: 0..<20)
  func `the returned pieces are the file`(_ pause: Int) throws {
    var (whole, pieces) = (Capture(), Capture())
    var taken: [UInt8] = []
    for step in 0..<20 {
      // The largest fills several packets.
      let bytes = [UInt8](repeating: UInt8(step), count: step == 11 ? 150_000 : step * 300)
      let side: TLSRole = step.isMultiple(of: 3) ? .client : .server
      whole.sent(bytes, by: side, at: UInt64(step))
      pieces.sent(bytes, by: side, at: UInt64(step))
      if step >= pause { taken += pieces.takeBytes() }
    }
    taken += pieces.takeBytes()
    #expect(taken == whole.bytes)
    #expect(pieces.bytes == [])
  }
}
