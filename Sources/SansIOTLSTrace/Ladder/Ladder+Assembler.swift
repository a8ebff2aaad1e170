internal import SansIOTLS

extension Ladder {
  /// Puts the records and the messages that one side saw in one direction together.
  struct Assembler: Sendable {
    private var records = 0
    private var wireSize = 0
    private var heldChangeCipherSpec: TLSTracedMessage?

    /// Takes the next message in this direction.
    ///
    /// - Parameter message: a record or what a record carried.
    /// - Returns: what is complete by it, in order: none for a record whose message comes next.
    mutating func take(_ message: TLSTracedMessage) -> [Sight] {
      // libssl tells a ChangeCipherSpec that it ignores, as TLS 1.3 demands (RFC 8446, section 5), by its record alone.
      var ignored: [Sight] = []
      if let held = heldChangeCipherSpec, message.content != .changeCipherSpec {
        ignored = [sight(.changeCipherSpec, of: held, size: 1)]
      }
      heldChangeCipherSpec = nil
      return ignored + complete(message)
    }

    private mutating func complete(_ message: TLSTracedMessage) -> [Sight] {
      guard case .record(let type) = message.content else {
        return [sight(message.content, of: message, size: message.size)]
      }
      records += 1
      wireSize += message.size
      switch type {
      case .changeCipherSpec:
        if message.rest != nil { return [sight(.changeCipherSpec, of: message, size: 1)] }
        heldChangeCipherSpec = message
        return []
      case .handshake, .alert:
        // What it carries comes next, unless it was the end.
        guard case .failed? = message.rest else { return [] }
        return [sight(message.content, of: message, size: wireSize)]
      default:
        return [sight(message.content, of: message, size: wireSize)]
      }
    }

    private mutating func sight(_ content: TLSTracedMessage.Content, of message: TLSTracedMessage, size: Int) -> Sight {
      defer { (records, wireSize) = (0, 0) }
      return Sight(
        content: content, size: size, isEncrypted: message.isEncrypted, records: records, wireSize: wireSize)
    }
  }
}
