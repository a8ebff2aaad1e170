/// The blocks of a pcapng file (draft-ietf-opsawg-pcapng): one section, one interface, little-endian numbers. The
/// comments name the draft's sections.
enum PcapNG {
  /// "Section Header Block": the beginning of the file with its byte order and the writing application.
  static func sectionHeader(application: String, comment: String) -> [UInt8] {
    var body: [UInt8] = []
    body.append(number: UInt32(0x1a2b_3c4d))  // the byte-order magic
    body.append(number: UInt16(1))  // version 1.0
    body.append(number: UInt16(0))
    body.append(number: UInt64.max)  // the section's length is not known yet
    if !comment.isEmpty { body += option(1, Array(String(comment.unicodeScalars.prefix(16_000)).utf8)) }  // opt_comment
    body += option(4, Array(application.utf8))  // shb_userappl
    return block(0x0a0d_0d0a, body + endOfOptions)
  }

  /// "Interface Description Block": packets begin with their IP header, times are in nanoseconds since 1970.
  static func interfaceDescription() -> [UInt8] {
    var body: [UInt8] = []
    body.append(number: UInt16(101))  // LINKTYPE_RAW
    body.append(number: UInt16(0))  // reserved
    body.append(number: UInt32(0))  // packets are captured in full
    body += option(9, [9])  // if_tsresol: 10 to the power of -9
    return block(1, body + endOfOptions)
  }

  /// "Decryption Secrets Block", of type TLS Key Log.
  static func decryptionSecrets(_ line: String) -> [UInt8] {
    let secrets = Array(line.utf8) + [UInt8(ascii: "\n")]
    var body: [UInt8] = []
    body.append(number: UInt32(0x544c_534b))  // "TLSK"
    body.append(number: UInt32(clamping: secrets.count))
    return block(0x0000_000a, body + padded(secrets))
  }

  /// "Enhanced Packet Block".
  static func enhancedPacket(_ packet: [UInt8], at time: UInt64) -> [UInt8] {
    var body: [UInt8] = []
    body.append(number: UInt32(0))  // the interface
    body.append(number: UInt32(truncatingIfNeeded: time >> 32))
    body.append(number: UInt32(truncatingIfNeeded: time))
    body.append(number: UInt32(clamping: packet.count))  // bytes captured
    body.append(number: UInt32(clamping: packet.count))  // bytes of the packet
    return block(6, body + padded(packet))
  }

  /// "General Block Structure": type, total length, body, total length again.
  private static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
    let length = UInt32(clamping: 12 + body.count)
    var block: [UInt8] = []
    block.reserveCapacity(Int(length))
    block.append(number: type)
    block.append(number: length)
    block += body
    block.append(number: length)
    return block
  }

  /// "Options": code, length without padding, value.
  private static func option(_ code: UInt16, _ value: [UInt8]) -> [UInt8] {
    var option: [UInt8] = []
    option.append(number: code)
    option.append(number: UInt16(clamping: value.count))
    return option + padded(value)
  }

  /// opt_endofopt
  private static let endOfOptions: [UInt8] = [0, 0, 0, 0]

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + repeatElement(0, count: -bytes.count & 3)
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(number: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
  }
}
