internal import SansIOTLS

extension Ladder {
  /// What one side saw of something that passed: a message with the records that carried it, or a record of application
  /// data.
  struct Sight: Sendable {
    let content: TLSTracedMessage.Content
    /// In bytes: of the message, or of the record where that is all that is known.
    let size: Int
    let isEncrypted: Bool
    /// Records that it came in and that nothing before it came in.
    let records: Int
    /// Their bytes on the wire.
    let wireSize: Int

    /// Whether the two ends saw the same.
    func equals(_ other: Sight) -> Bool { content == other.content && size == other.size }

    /// Whether the two ends may have seen the same, which was altered on its way or did not decrypt.
    func resembles(_ other: Sight) -> Bool {
      wireSize > 0 && wireSize == other.wireSize || content == other.content
    }
  }
}
