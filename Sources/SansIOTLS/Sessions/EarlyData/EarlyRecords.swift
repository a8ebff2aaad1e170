/// The size of early data as a server counts it that rejects it. The server has no key to read it by, and counts whole
/// records, with padding: a client that stays within the session's limit in plaintext alone would be ended by a
/// rejection (RFC 8446, section 4.2.10).
struct EarlyRecords: Equatable, Sendable {
  /// The bytes that libssl adds to its limit, for the tags and types of all records together.
  static let allowance = 104
  /// The authentication tag of a record.
  private static let tag = 16
  /// The header of a record, which no limit of early data counts.
  private static let header = 5

  private var largest: Int
  private let paddingByteCount: Int
  /// The records that are small at first.
  var small: SmallRecords

  init(_ policy: TLSRecordPolicy) {
    largest = policy.maximumByteCount
    paddingByteCount = policy.paddingByteCount ?? 1
    small = SmallRecords(policy.smallStart)
  }

  /// The maximum fragment length that both sides agreed on; `nil` if they did not.
  mutating func keep(to agreed: Int?) { largest = min(largest, agreed ?? largest) }

  /// Keeps the records, with their padding, types and tags, to the size of plaintext records. A server that asks for
  /// another hello discards early data before it has keys, and libssl's refuses larger ones there (record_overflow).
  mutating func keepToPlaintextRecords() {
    let padded = (TLSEngine.recordSize - Self.tag) / paddingByteCount * paddingByteCount
    // With the greatest padding each record is larger.
    if padded > 1 { largest = min(largest, padded - 1) }
  }

  /// The bytes of the records of one write.
  func byteCount(of plaintext: Int) -> Int {
    let first = min(plaintext, small.rest)
    return byteCount(of: first, in: small.recordByteCount(upTo: largest))
      + byteCount(of: plaintext - first, in: largest)
  }

  /// The next part of a write: small records, or large ones.
  ///
  /// Where the room ends it, it is whole records: the parts of what is divided take no more than the whole.
  ///
  /// - Parameters:
  ///   - count: bytes that are left of the write.
  ///   - room: the bytes of records that may be added to the pending output, with their headers.
  ///   - isFirst: whether one record at least is sent in any case.
  /// - Returns: the part; 0 bytes if no record fits.
  func part(of count: Int, in room: Int, isFirst: Bool) -> RecordSizing.Part {
    small.part(of: count, upTo: largest) { max(room / (sealed($0) + Self.header), isFirst ? 1 : 0) }
  }

  /// The most plaintext of one write whose records have no more than so many bytes.
  func plaintext(in byteCount: Int) -> Int {
    let first = self.byteCount(of: small.rest)
    if byteCount < first { return plaintext(in: byteCount, small.recordByteCount(upTo: largest)) }
    return small.rest + plaintext(in: byteCount - first, largest)
  }

  /// The bytes of the records of one size that carry so much plaintext.
  private func byteCount(of plaintext: Int, in record: Int) -> Int {
    let (full, rest) = plaintext.quotientAndRemainder(dividingBy: record)
    return full * sealed(record) + (rest > 0 ? sealed(rest) : 0)
  }

  /// The most plaintext of records of one size that have no more than so many bytes.
  private func plaintext(in byteCount: Int, _ record: Int) -> Int {
    guard byteCount > 0 else { return 0 }
    let (full, rest) = byteCount.quotientAndRemainder(dividingBy: sealed(record))
    // The type of the content takes a byte of the padded part.
    let last = max((rest - Self.tag) / paddingByteCount * paddingByteCount - 1, 0)
    return full * record + min(last, record - 1)
  }

  private func sealed(_ plaintext: Int) -> Int {
    (plaintext + 1 + paddingByteCount - 1) / paddingByteCount * paddingByteCount + Self.tag
  }
}
