/// The division of written bytes into records that are not simply as large as possible. No C, no bytes;
/// `RecordSizingTests` check it.
struct RecordSizing: Equatable, Sendable {
  /// A part of a write: how many bytes, in records of how many.
  struct Part: Equatable {
    let byteCount: Int
    let recordByteCount: Int
  }

  /// Plaintext of a record at most.
  let largest: Int
  /// The bytes that a record adds to its plaintext at most.
  let overhead: Int
  /// The records that are small at first.
  var small: SmallRecords

  /// - Parameters:
  ///   - policy: the sizes that this side wants.
  ///   - agreed: the maximum fragment length that both sides keep to.
  ///   - isTLS13: the version is TLS 1.3 rather than 1.2.
  /// - Returns: `nil` if records are as large as possible.
  init?(_ policy: TLSRecordPolicy, agreed: Int?, isTLS13: Bool) {
    largest = min(policy.maximumByteCount, agreed ?? TLSEngine.recordSize)
    // Header, content type and tag (RFC 8446, section 5.2); or header, vector, MAC of SHA-384 and padding of a block.
    overhead = isTLS13 ? 5 + 1 + 16 : 5 + 16 + 48 + 16
    small = SmallRecords(policy.smallStart)
    if largest == TLSEngine.recordSize, policy.smallStart == nil { return nil }
  }

  /// The next part of a write.
  ///
  /// - Parameters:
  ///   - count: bytes that are left of the write, 1 or more.
  ///   - room: ciphertext that may be added to the pending output; at least one record is written in any case.
  func part(of count: Int, in room: Int) -> Part {
    small.part(of: count, upTo: largest) { max(room / ($0 + overhead), 1) }
  }
}
