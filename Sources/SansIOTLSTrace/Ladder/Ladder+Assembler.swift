internal import SansIOTLS

extension Ladder {
  /// Combines the records and the messages that one side observed in one direction.
  struct Assembler: Sendable {
    private var records = 0
    private var wireSize = 0
    private var heldChangeCipherSpec: TLSTracedMessage?

    /// Adds the next message in this direction.
    ///
    /// - Parameter message: A record, or what a record carried.
    /// - Returns: What it completes, in order: nothing for a record whose message follows.
    mutating func add(_ message: TLSTracedMessage) -> [Observation] {
      // libssl reports a ChangeCipherSpec that it ignores, as TLS 1.3 requires (RFC 8446, section 5), by its record
      // alone.
      var ignored: [Observation] = []
      if let held = heldChangeCipherSpec, message.content != .changeCipherSpec {
        ignored = [observation(.changeCipherSpec, of: held, size: 1)]
      }
      heldChangeCipherSpec = nil
      return ignored + complete(message)
    }

    private mutating func complete(_ message: TLSTracedMessage) -> [Observation] {
      guard case .record(let type) = message.content else {
        return [observation(message.content, of: message, size: message.size)]
      }
      records += 1
      wireSize += message.size
      switch type {
      case .changeCipherSpec:
        if message.callOutcome != nil { return [observation(.changeCipherSpec, of: message, size: 1)] }
        heldChangeCipherSpec = message
        return []
      case .handshake, .alert:
        // Its message follows, unless the call failed.
        guard case .failed? = message.callOutcome else { return [] }
        return [observation(message.content, of: message, size: wireSize)]
      default:
        return [observation(message.content, of: message, size: wireSize)]
      }
    }

    private mutating func observation(_ content: TLSTracedMessage.Content, of message: TLSTracedMessage, size: Int)
      -> Observation
    {
      defer { (records, wireSize) = (0, 0) }
      return Observation(
        content: content, size: size, isEncrypted: message.isEncrypted, records: records, wireSize: wireSize,
        identities: message.preSharedKeyIdentities)
    }
  }
}
