/// The sizes of the records that one side sends. Records of the largest size carry data at the least cost; smaller ones
/// can be decrypted sooner, because a record is decrypted when all of it has arrived.
public struct TLSRecordPolicy: Sendable, Hashable {
  /// The small records at the beginning of what is sent.
  public struct SmallStart: Sendable, Hashable {
    /// Plaintext in bytes of a small record, 64 or more and no more than ``TLSRecordPolicy/maximumByteCount``.
    public var recordByteCount: Int
    /// Plaintext in bytes that is sent in small records before the large ones, at least one record.
    public var totalByteCount: Int

    /// Creates a start.
    ///
    /// - Parameters:
    ///   - recordByteCount: plaintext in bytes of a record. The default fits into a TCP segment on usual paths, with
    ///     the 22 to 29 bytes that a record adds.
    ///   - totalByteCount: plaintext in bytes before the large records. The default is the amount that a sender's
    ///     window admits in its first round trips.
    public init(recordByteCount: Int = 1_360, totalByteCount: Int = 64 * 1024) {
      self.recordByteCount = recordByteCount
      self.totalByteCount = totalByteCount
    }
  }

  /// Plaintext in bytes of a record at most, 512 to 16,384, of the handshake too. Corresponds to
  /// `SSL_CTX_set_max_send_fragment(3)`.
  public var maximumByteCount = 16_384
  /// Small records first, and again after ``TLSEngine/reportIdle()``; `nil` for none.
  ///
  /// They begin with the first byte that is sent: with what ``TLSEngine/writeEarly(_:)-(RawSpan)`` sends, on a client
  /// and on a server, and what is left of them follows the handshake. A client's early data counts also if the server
  /// rejects it. Since the server then counts whole records, small ones leave less of what the session allows: see
  /// ``TLSEngine/earlyDataCapacity``.
  public var smallStart: SmallStart?
  /// The multiple that the plaintext of a TLS 1.3 record is padded to, together with a byte for its type, 2 to 16,384,
  /// so that its length says less about it; `nil` for none: with 256, 255 bytes are the most that show no difference.
  /// No record grows past ``maximumByteCount``, and alerts and handshake messages are padded too.
  /// Records of TLS 1.2 cannot be padded: a context that allows it warns. Corresponds to
  /// `SSL_CTX_set_block_padding(3)`.
  public var paddingByteCount: Int?
  /// The maximum that a client asks both sides to keep to (max_fragment_length, RFC 6066, section 4): 512, 1,024, 2,048
  /// or 4,096; `nil` for none. A server that does not know the extension ignores it; see
  /// ``TLSEngine/maximumFragmentByteCount``. Corresponds to `SSL_CTX_set_tlsext_max_fragment_length(3)`.
  public var requestedByteCount: Int?

  /// The default: records as large as possible, without padding.
  public init() {}

  /// The mistake in the values, in words; `nil` if all is well.
  var defect: String? {
    if !(512...16_384).contains(maximumByteCount) {
      return "records.maximumByteCount is \(maximumByteCount); it must be 512 to 16,384"
    }
    if let smallStart {
      if !(64...maximumByteCount).contains(smallStart.recordByteCount) {
        return "records.smallStart.recordByteCount is \(smallStart.recordByteCount); it must be 64 to "
          + "records.maximumByteCount, \(maximumByteCount)"
      }
      if smallStart.totalByteCount < smallStart.recordByteCount {
        return "records.smallStart.totalByteCount is \(smallStart.totalByteCount), less than a record"
      }
    }
    if let paddingByteCount, !(2...16_384).contains(paddingByteCount) {
      return "records.paddingByteCount is \(paddingByteCount); it must be 2 to 16,384"
    }
    if let requestedByteCount, fragmentLengthCode == nil {
      return "records.requestedByteCount is \(requestedByteCount); it must be 512, 1,024, 2,048 or 4,096"
    }
    return nil
  }

  /// The code of ``requestedByteCount`` on the wire.
  var fragmentLengthCode: UInt8? {
    switch requestedByteCount {
    case 512: 1
    case 1024: 2
    case 2048: 3
    case 4096: 4
    default: nil
    }
  }
}
