/// The small records that a connection begins with, as far as they are still to be sent. No C, no bytes.
struct SmallRecords: Equatable, Sendable {
  private let start: TLSRecordPolicy.SmallStart?
  /// Plaintext that is still to be sent in small records.
  private(set) var rest: Int

  init(_ start: TLSRecordPolicy.SmallStart?) {
    self.start = start
    rest = start?.totalByteCount ?? 0
  }

  /// The bytes that were sent in small records, of those that are to be.
  var sentCount: Int { (start?.totalByteCount ?? 0) - rest }

  /// Bytes were sent.
  mutating func sent(_ count: Int) { rest = max(rest - count, 0) }

  /// The next records are small again.
  mutating func restart() { rest = start?.totalByteCount ?? 0 }

  /// The plaintext of a small record at most.
  ///
  /// - Parameter largest: plaintext of any record at most.
  func recordByteCount(upTo largest: Int) -> Int { min(start?.recordByteCount ?? largest, largest) }

  /// The next part of a write: small records, or the largest ones after them.
  ///
  /// - Parameters:
  ///   - count: bytes that are left of the write.
  ///   - largest: plaintext of any record at most.
  ///   - recordCount: how many records of a size fit.
  func part(of count: Int, upTo largest: Int, fitting recordCount: (_ recordByteCount: Int) -> Int) -> RecordSizing.Part
  {
    let record = rest > 0 ? recordByteCount(upTo: largest) : largest
    return RecordSizing.Part(
      byteCount: min(count, rest > 0 ? rest : count, recordCount(record) * record), recordByteCount: record)
  }
}
