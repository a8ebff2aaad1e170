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

  private var recordByteCount: Int
  private let paddingByteCount: Int

  init(_ policy: TLSRecordPolicy) {
    recordByteCount = policy.maximumByteCount
    paddingByteCount = policy.paddingByteCount ?? 1
  }

  /// The maximum fragment length that both sides agreed on; `nil` if they did not.
  mutating func keep(to agreed: Int?) { recordByteCount = min(recordByteCount, agreed ?? recordByteCount) }

  /// The bytes of the records of one write.
  func byteCount(of plaintext: Int) -> Int {
    let (full, rest) = plaintext.quotientAndRemainder(dividingBy: recordByteCount)
    return full * sealed(recordByteCount) + (rest > 0 ? sealed(rest) : 0)
  }

  /// The plaintext of as many whole records as fit, at least one.
  ///
  /// - Parameter byteCount: the bytes of the records with their headers.
  func wholeRecords(in byteCount: Int) -> Int {
    max(byteCount / (sealed(recordByteCount) + Self.header), 1) * recordByteCount
  }

  /// The most plaintext of one write whose records have no more than so many bytes.
  func plaintext(in byteCount: Int) -> Int {
    guard byteCount > 0 else { return 0 }
    let (full, rest) = byteCount.quotientAndRemainder(dividingBy: sealed(recordByteCount))
    // The type of the content takes a byte of the padded part.
    let last = max((rest - Self.tag) / paddingByteCount * paddingByteCount - 1, 0)
    return full * recordByteCount + min(last, recordByteCount - 1)
  }

  private func sealed(_ plaintext: Int) -> Int {
    (plaintext + 1 + paddingByteCount - 1) / paddingByteCount * paddingByteCount + Self.tag
  }
}
