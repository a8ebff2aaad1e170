/// A strict parser of pcapng files: any deviation from the formats is a failure.
struct CaptureFile {
  struct Malformed: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// An IPv4 packet with its TCP segment.
  struct Packet {
    let time: UInt64
    let source: [UInt8]
    let destination: [UInt8]
    let sourcePort: UInt16
    let destinationPort: UInt16
    let sequence: UInt32
    let acknowledged: UInt32
    let flags: UInt8
    let payload: [UInt8]

    var isFromClient: Bool { destinationPort == 443 }
  }

  enum Block {
    case section(options: [UInt16: [UInt8]])
    case interface(link: UInt16, options: [UInt16: [UInt8]])
    case secrets(String)
    case packet(Packet)
  }

  private(set) var blocks: [Block] = []

  var packets: [Packet] {
    blocks.compactMap { if case .packet(let packet) = $0 { packet } else { nil } }
  }

  init(_ bytes: [UInt8]) throws(Malformed) {
    var rest = bytes[...]
    while !rest.isEmpty {
      var reader = Reader(rest)
      let type: UInt32 = try reader.number()
      let length = Int(try reader.number() as UInt32)
      guard length.isMultiple(of: 4), length >= 12, length <= rest.count else { throw Malformed("length \(length)") }
      var tail = Reader(rest.prefix(length).suffix(4))
      guard Int(try tail.number() as UInt32) == length else { throw Malformed("the second total differs") }
      blocks.append(try Self.block(type, Reader(rest.prefix(length).dropFirst(8).dropLast(4))))
      rest = rest.dropFirst(length)
    }
  }

  private static func block(_ type: UInt32, _ reader: Reader) throws(Malformed) -> Block {
    var reader = reader
    switch type {
    case 0x0a0d_0d0a:
      guard try reader.number() as UInt32 == 0x1a2b_3c4d, try reader.number() as UInt32 == 1,
        try reader.number() as UInt64 == .max
      else { throw Malformed("section") }
      return .section(options: try reader.options())
    case 1:
      let link: UInt16 = try reader.number()
      guard try reader.number() as UInt16 == 0, try reader.number() as UInt32 == 0 else { throw Malformed("interface") }
      return .interface(link: link, options: try reader.options())
    case 10:
      guard try reader.number() as UInt32 == 0x544c_534b else { throw Malformed("secrets of another type") }
      let secrets = try reader.padded(Int(try reader.number() as UInt32))
      guard reader.isAtEnd else { throw Malformed("something after the secrets") }
      return .secrets(String(decoding: secrets, as: UTF8.self))
    case 6:
      guard try reader.number() as UInt32 == 0 else { throw Malformed("another interface") }
      let (high, low): (UInt32, UInt32) = (try reader.number(), try reader.number())
      let (captured, original): (UInt32, UInt32) = (try reader.number(), try reader.number())
      let packet = try reader.padded(Int(captured))
      guard captured == original, reader.isAtEnd else { throw Malformed("packet block") }
      return .packet(try Self.packet(packet, at: UInt64(high) << 32 | UInt64(low)))
    default:
      throw Malformed("block \(type)")
    }
  }

  private static func packet(_ bytes: [UInt8], at time: UInt64) throws(Malformed) -> Packet {
    guard bytes.count >= 40, bytes[0] == 0x45, bytes[9] == 6, bytes.number(2) == bytes.count else {
      throw Malformed("IP header")
    }
    guard sum(bytes[..<20]) == 0xffff else { throw Malformed("IP checksum") }
    let segment = Array(bytes[20...])
    let pseudoHeader = bytes[12..<20] + [0, 6, UInt8(segment.count >> 8), UInt8(segment.count & 0xff)]
    guard sum(pseudoHeader + segment) == 0xffff else { throw Malformed("TCP checksum") }
    return Packet(
      time: time, source: Array(bytes[12..<16]), destination: Array(bytes[16..<20]),
      sourcePort: UInt16(segment.number(0)), destinationPort: UInt16(segment.number(2)),
      sequence: UInt32(segment.number(4) << 16 | segment.number(6)),
      acknowledged: UInt32(segment.number(8) << 16 | segment.number(10)), flags: segment[13],
      payload: Array(segment[(Int(segment[12] >> 4) * 4)...]))
  }

  /// The sum of all words in ones' complement, which is all ones if their checksum is correct.
  private static func sum(_ bytes: ArraySlice<UInt8>) -> Int {
    let padded = Array(bytes) + [0]
    var sum = 0
    for index in stride(from: 0, to: bytes.count, by: 2) { sum += padded.number(index) }
    while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
    return sum
  }
}

/// A reader of little-endian numbers.
private struct Reader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ count: Int) throws(CaptureFile.Malformed) -> [UInt8] {
    guard rest.count >= count else { throw CaptureFile.Malformed("ends early") }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func number<Number: FixedWidthInteger>() throws(CaptureFile.Malformed) -> Number {
    try take(Number.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Number($1) }
  }

  /// Bytes, and zeros up to a multiple of four.
  mutating func padded(_ count: Int) throws(CaptureFile.Malformed) -> [UInt8] {
    let bytes = try take(count)
    guard try take(-count & 3).allSatisfy({ $0 == 0 }) else { throw CaptureFile.Malformed("padding") }
    return bytes
  }

  mutating func options() throws(CaptureFile.Malformed) -> [UInt16: [UInt8]] {
    var options: [UInt16: [UInt8]] = [:]
    while true {
      let code: UInt16 = try number()
      let value = try padded(Int(try number() as UInt16))
      if code == 0 {
        guard isAtEnd, value.isEmpty else { throw CaptureFile.Malformed("end of options") }
        return options
      }
      options[code] = value
    }
  }
}

extension [UInt8] {
  /// Two bytes in network order.
  fileprivate func number(_ index: Int) -> Int { Int(self[index]) << 8 | Int(self[index + 1]) }
}
