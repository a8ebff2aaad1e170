internal import SansIOTLS

/// The IPv4 packets of one TCP connection without losses: everything that one side sent, the other has received.
struct TCPFraming: Sendable {

  /// The control bits (RFC 9293, section 3.1).
  struct Flags: OptionSet {
    let rawValue: UInt8

    /// FIN
    static let end = Flags(rawValue: 0x01)
    /// SYN
    static let synchronize = Flags(rawValue: 0x02)
    /// PSH
    static let push = Flags(rawValue: 0x08)
    /// ACK
    static let acknowledgement = Flags(rawValue: 0x10)
  }

  /// The largest payload that the length field of an IPv4 header allows, without both headers, in bytes.
  static let largestSegment = 65_535 - 20 - 20

  private struct End {
    let address: [UInt8]
    let port: UInt16
    /// The number of the next byte sent; it wraps.
    var sequence: UInt32
  }

  private var client: End
  private var server: End

  /// The first sequence numbers are arbitrary, but not 0, which means "not seen yet" for some dissectors.
  init(clientPort: UInt16, clientSequence: UInt32 = 1_000_000, serverSequence: UInt32 = 2_000_000) {
    client = End(address: [192, 0, 2, 1], port: clientPort, sequence: clientSequence)
    server = End(address: [192, 0, 2, 2], port: 443, sequence: serverSequence)
  }

  /// Creates the next packet of a side.
  ///
  /// - Parameter payload: At most ``largestSegment`` bytes.
  mutating func packet(from side: TLSRole, _ flags: Flags, _ payload: ArraySlice<UInt8>) -> [UInt8] {
    let (sender, receiver) = side == .client ? (client, server) : (server, client)
    let segment = Self.segment(from: sender, to: receiver, flags, payload)
    // SYN and FIN use a sequence number each (RFC 9293, section 3.4).
    let advance = UInt32(clamping: payload.count) + (flags.isDisjoint(with: [.synchronize, .end]) ? 0 : 1)
    if side == .client { client.sequence &+= advance } else { server.sequence &+= advance }
    return Self.header(from: sender, to: receiver, payloadCount: segment.count) + segment
  }

  /// RFC 9293, section 3.1.
  private static func segment(
    from sender: End, to receiver: End, _ flags: Flags, _ payload: ArraySlice<UInt8>
  ) -> [UInt8] {
    let options = flags.contains(.synchronize) ? options : []
    var segment: [UInt8] = []
    segment.reserveCapacity(20 + options.count + payload.count)
    segment.append(network: sender.port)
    segment.append(network: receiver.port)
    segment.append(network: sender.sequence)
    segment.append(network: flags.contains(.acknowledgement) ? receiver.sequence : 0)
    // The header's length in words of 4 bytes, in the upper 4 bits.
    segment.append(UInt8(clamping: 20 + options.count) << 2)
    segment.append(flags.rawValue)
    segment.append(network: UInt16.max)  // the window
    segment.append(network: UInt16(0))  // the checksum
    segment.append(network: UInt16(0))  // the urgent pointer
    segment += options
    segment += payload
    var pseudoHeader = sender.address + receiver.address + [0, 6]
    pseudoHeader.append(network: UInt16(clamping: segment.count))
    segment.set(network: checksum(pseudoHeader, segment), at: 16)
    return segment
  }

  /// RFC 791, section 3.1.
  private static func header(from sender: End, to receiver: End, payloadCount: Int) -> [UInt8] {
    var header: [UInt8] = [0x45, 0]  // version 4, 5 words; type of service
    header.append(network: UInt16(clamping: 20 + payloadCount))
    header.append(network: UInt16(0))  // the identification, without meaning as nothing is fragmented
    header.append(network: UInt16(0x4000))  // don't fragment
    header += [64, 6]  // time to live; TCP
    header.append(network: UInt16(0))  // the checksum
    header += sender.address + receiver.address
    header.set(network: checksum(header, []), at: 10)
    return header
  }

  /// The options of a SYN: the maximum segment size (RFC 9293, section 3.2), no operation, and a window scale of 14
  /// (RFC 7323, section 2.2), with which the window is never full.
  private static let options: [UInt8] = [2, 4, UInt8(largestSegment >> 8), UInt8(largestSegment & 0xff), 1, 3, 3, 14]

  /// The Internet checksum (RFC 1071) of two pieces, the first of even length.
  private static func checksum(_ first: [UInt8], _ second: [UInt8]) -> UInt16 {
    // This cannot overflow: no packet has more than 32,768 words of 16 bits.
    var sum: UInt32 = 0
    for piece in [first, second] {
      for index in piece.indices { sum += index.isMultiple(of: 2) ? UInt32(piece[index]) << 8 : UInt32(piece[index]) }
    }
    while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
    return ~UInt16(sum)
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(network number: Number) {
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  fileprivate mutating func set(network number: UInt16, at index: Int) {
    self[index] = UInt8(number >> 8)
    self[index + 1] = UInt8(truncatingIfNeeded: number)
  }
}
