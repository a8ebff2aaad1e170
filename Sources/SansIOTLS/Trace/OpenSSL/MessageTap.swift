internal import CSansIOTLSOpenSSL

/// The messages that libssl's message callback reported of one connection, kept until the application reads them. It
/// exists only if the configuration enables it.
final class MessageTap {
  private var messages = FIFO<TLSTracedMessage>()
  /// The position of the first message of the call that has not ended.
  private var callStart = 0
  private let limit: Int
  /// A received record of which libssl has only the header so far.
  private var arriving: TLSTracedMessage?
  /// The messages that libssl has written and the engine holds back.
  private var withheld: [TLSTracedMessage] = []
  private var sending = DirectionState()
  private var receiving = DirectionState()

  /// The state of one direction.
  private struct DirectionState {
    /// Whether ChangeCipherSpec has passed (TLS 1.2): everything after it is encrypted.
    var isProtected = false
    /// Whether the last record was encrypted, and with it its contents.
    var isEncrypted = false
  }

  init(limit: Int) { self.limit = limit }

  func next() -> TLSTracedMessage? {
    callStart = max(callStart - 1, 0)
    return messages.popFirst()
  }

  /// Notes that the call in which the latest messages passed has ended.
  ///
  /// - Parameters:
  ///   - outcome: The way in which it ended.
  ///   - isBetweenRecords: Whether the last record is whole.
  func rest(_ outcome: TLSTracedMessage.CallOutcome, isBetweenRecords: Bool) {
    if isBetweenRecords { arrived() }
    if let last = (callStart..<messages.count).last(where: { messages[$0].callOutcome == nil }) {
      messages[last].callOutcome = outcome
    }
    callStart = messages.count
  }

  /// Notes what the callback reports.
  ///
  /// - Parameters:
  ///   - kind: The content type, or one of libssl's own numbers for a record's header and its inner type.
  ///   - bytes: The header, type or message.
  ///   - isSettled: Whether no handshake is in progress, so that sending a message completes the call.
  ///   - identities: The identities of pre-shared keys in it.
  func note(
    _ kind: Int32, _ direction: TLSTracedMessage.Direction, _ bytes: UnsafeRawBufferPointer, isTLS13: Bool,
    isSettled: Bool, identities: [[UInt8]] = []
  ) {
    var state = direction == .sent ? sending : receiving
    defer { if direction == .sent { sending = state } else { receiving = state } }
    var content: TLSTracedMessage.Content
    var size = bytes.count
    switch kind {
    case SSL3_RT_HEADER where bytes.count >= 5:
      if direction == .received { arrived() }
      let type = unsafe TLSTracedMessage.RecordType(rawValue: bytes[0])
      state.isEncrypted = state.isProtected || isTLS13 && type == .applicationData
      // A received ChangeCipherSpec is reported by its record alone.
      if direction == .received, type == .changeCipherSpec, !isTLS13 { state.isProtected = true }
      content = .record(type)
      size = unsafe 5 + Int(bytes[3]) << 8 + Int(bytes[4])
    case SSL3_RT_INNER_CONTENT_TYPE where bytes.count >= 1:
      innerType(unsafe TLSTracedMessage.RecordType(rawValue: bytes[0]), direction)
      return
    case 0 where direction == .received && !state.isEncrypted && bytes.count > 0:
      // The SSL 2 form of a ClientHello (RFC 5246, appendix E.2): libssl reports it whole, and not the header of its
      // record.
      append(TLSTracedMessage(.record(.handshake), direction, size: 2 + bytes.count, isEncrypted: false))
      content = .handshake(.clientHello)
    case SSL3_RT_CHANGE_CIPHER_SPEC:
      // From libssl 3.2 it is reported in TLS 1.3 in addition to its record, which suffices.
      if direction == .received { return }
      content = .changeCipherSpec
      if !isTLS13 { state.isProtected = true }
    case SSL3_RT_ALERT where bytes.count >= 2:
      content = unsafe .alert(TLSAlert(rawValue: bytes[1]), isFatal: Int32(bytes[0]) == SSL3_AL_FATAL)
    case SSL3_RT_HANDSHAKE where bytes.count >= 4:
      content = unsafe .handshake(Self.isHelloRetryRequest(bytes) ? .helloRetryRequest : .init(rawValue: bytes[0]))
    default: return
    }
    let isEncrypted = content == .changeCipherSpec ? false : state.isEncrypted
    let message = TLSTracedMessage(
      content, direction, size: size, isEncrypted: isEncrypted,
      preSharedKeyIdentities: isEncrypted ? [] : identities,
      callOutcome: direction == .sent && isSettled ? .done : nil)
    if direction == .received, case .record = content {
      arriving = message
    } else {
      if direction == .received { arrived() }
      append(message)
    }
  }

  /// Reports a received record after all of it has arrived: its header may arrive before its body.
  private func arrived() {
    if let record = arriving { append(record) }
    arriving = nil
  }

  /// Sets aside what was sent in this call after the last message received: the engine holds it back.
  func withhold() {
    let start = (callStart..<messages.count).last { messages[$0].direction == .received }.map { $0 + 1 } ?? callStart
    var kept = FIFO<TLSTracedMessage>()
    for index in 0..<messages.count {
      if index < start { kept.append(messages[index]) } else { withheld.append(messages[index]) }
    }
    messages = kept
  }

  /// Notes what was held back: it leaves now.
  func release() {
    for message in withheld { append(message) }
    withheld = []
  }

  /// Notes an alert in plaintext, which leaves instead of what was held back.
  ///
  /// - Parameters:
  ///   - header: The header of its record.
  ///   - body: Level and description.
  func replaceWithheld(byAlert header: [UInt8], _ body: [UInt8]) {
    withheld = []
    sending = DirectionState()
    // Sound: the arrays are read during the calls.
    unsafe header.withUnsafeBytes { unsafe note(SSL3_RT_HEADER, .sent, $0, isTLS13: false, isSettled: false) }
    unsafe body.withUnsafeBytes { unsafe note(SSL3_RT_ALERT, .sent, $0, isTLS13: false, isSettled: false) }
  }

  private func append(_ message: TLSTracedMessage) {
    if messages.count >= limit { _ = next() }
    messages.append(message)
  }

  /// Sets the inner type of a record, which libssl reports directly after the header of a sent record, and after the
  /// body of a received one.
  private func innerType(_ type: TLSTracedMessage.RecordType, _ direction: TLSTracedMessage.Direction) {
    func inner(_ record: TLSTracedMessage) -> TLSTracedMessage {
      TLSTracedMessage(
        .record(type), direction, size: record.size, isEncrypted: record.isEncrypted,
        callOutcome: record.callOutcome)
    }
    if direction == .received {
      arriving = arriving.map(inner)
      arrived()
    } else if let index = (0..<messages.count).last(where: { messages[$0].direction == .sent }),
      case .record = messages[index].content
    {
      messages[index] = inner(messages[index])
    }
  }

  /// SHA-256 of "HelloRetryRequest", the random of such a ServerHello (RFC 8446, section 4.1.3).
  private static let retryRandom: [UInt8] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
  ]

  private static func isHelloRetryRequest(_ message: UnsafeRawBufferPointer) -> Bool {
    guard message.count >= 38, unsafe message[0] == TLSTracedMessage.HandshakeType.serverHello.rawValue else {
      return false
    }
    return unsafe message[6..<38].elementsEqual(retryRandom)
  }
}
