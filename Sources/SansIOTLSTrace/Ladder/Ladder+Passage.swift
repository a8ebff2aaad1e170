internal import SansIOTLS

extension Ladder {
  /// Something that passed from one side to the other, or should have; or application data in a row, as one.
  struct Passage: Sendable {
    let sender: TLSRole
    /// As the end saw it that told first, which is the sender as a rule.
    let content: TLSTracedMessage.Content
    let isEncrypted: Bool
    /// The end that told first.
    let origin: TLSTracedMessage.Direction
    /// How many the sender told; 0 if nobody sent it.
    var sent = 0
    /// How many the receiver told.
    var received = 0
    var size = 0
    var records = 0
    var wireSize = 0
    /// The receiver told what was sent later.
    var isOvertaken = false
    /// What the receiver took it for.
    var alteration: Sight?
    /// What each side came to by it.
    var steps = PerSide<Step?>(client: nil, server: nil)

    init(_ sight: Sight, end: TLSTracedMessage.Direction, from sender: TLSRole) {
      self.sender = sender
      content = sight.content
      isEncrypted = sight.isEncrypted
      origin = end
      add(sight)
    }

    /// Of how many records or messages this is.
    var count: Int { max(sent, received) }

    var isApplicationData: Bool { content == .record(.applicationData) }

    /// Whether this belongs to the same row of application data.
    func continues(with sight: Sight, end: TLSTracedMessage.Direction, from sender: TLSRole) -> Bool {
      isApplicationData && sight.content == content && sight.isEncrypted == isEncrypted && end == origin
        && sender == self.sender && alteration == nil && !isOvertaken
    }

    mutating func add(_ sight: Sight) {
      size += sight.size
      records += sight.records
      wireSize += sight.wireSize
      confirm(by: origin)
    }

    /// This end told it too.
    mutating func confirm(by end: TLSTracedMessage.Direction) {
      switch end {
      case .sent: sent += 1
      case .received: received += 1
      }
    }
  }
}
