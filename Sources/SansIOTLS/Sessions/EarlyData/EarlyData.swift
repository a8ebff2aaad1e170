/// The early data of one connection; a connection without has none of these.
///
/// It belongs to one connection, and one thread at most is inside that.
final class EarlyData {
  private(set) var state = EarlyDataState()
  /// The reason why nothing can be sent, where the state does not allow it.
  private(set) var obstacle: TLSEarlyDataObstacle
  /// The bytes that may be sent in all: what a server sends is ordinary data, and not counted.
  private let limit: Int
  private(set) var sentCount = 0
  /// The records that are sent.
  private var records: EarlyRecords
  /// The bytes of the records that a client has sent, as a server counts them that cannot read them.
  private var sealedCount = 0
  /// The bytes that a server has received and the application has not read.
  private var received = SpillQueue(limit: 0)
  /// The bytes that a server has received in all.
  private(set) var totalReceived = 0
  /// Names the offer of a client; `nil` if it offers no early data.
  var token: [UInt8]?
  /// libssl checks that the offer is as old as it says. Of an external pre-shared key it does not: a copy is never too
  /// old.
  var hasAge = true
  /// The application's decision about the offer; `nil` leaves it to the replay filter.
  var answer: Bool?

  /// A client that may send.
  ///
  /// - Parameters:
  ///   - limit: the bytes that the session allows.
  ///   - records: the records that this side wants.
  ///   - agreed: the maximum fragment length of the session.
  init(limit: Int, records: TLSRecordPolicy, agreed: Int?) {
    self.limit = limit
    self.records = EarlyRecords(records)
    self.records.keep(to: agreed)
    self.records.keepToPlaintextRecords()
    obstacle = .over
    state.offered()
  }

  /// A client that may not send.
  init(_ obstacle: TLSEarlyDataObstacle) {
    limit = 0
    records = EarlyRecords(TLSRecordPolicy())
    self.obstacle = obstacle
  }

  /// A server that looks for early data.
  init(isHeld: Bool, records: TLSRecordPolicy) {
    limit = .max
    self.records = EarlyRecords(records)
    obstacle = .over
    state.expected()
    state.isHeld = isHeld
  }

  /// The bytes that may still be sent.
  var room: Int {
    if limit == .max { return limit }
    return min(limit - sentCount, records.plaintext(in: limit + EarlyRecords.allowance - sealedCount))
  }
  /// The next part of a write, no more than may be sent; see ``EarlyRecords/part(of:in:isFirst:)``.
  func part(of count: Int, in room: Int, isFirst: Bool) -> RecordSizing.Part {
    records.part(of: min(count, self.room), in: room, isFirst: isFirst)
  }
  /// The bytes that were sent in small records, of those that are to be.
  var smallCount: Int { records.small.sentCount }
  var receivedCount: Int { received.count }
  var isReceiving: Bool { state.receiving == .open }
  /// Whether something has been received that may be read now.
  var isReadable: Bool { receivedCount > 0 && !state.isHeld }
  /// A client that has written early data, or could have.
  var wasOffered: Bool { limit > 0 && limit < .max }

  func sent(_ count: Int) {
    if limit < .max {
      sentCount += count
      sealedCount += records.byteCount(of: count)
    }
    records.small.sent(count)
  }

  /// The next records are small again.
  func restartRecords() { records.small.restart() }

  func receive(_ bytes: UnsafeRawBufferPointer) {
    unsafe received.append(bytes)
    totalReceived += bytes.count
  }

  /// Copies what has been received, as much as fits.
  func take(into output: inout OutputRawSpan) -> Int {
    var taken = 0
    while output.freeCapacity > 0, received.count > 0 {
      let count = unsafe min(output.freeCapacity, received.window.count)
      // Both sides are bounded by `count`.
      unsafe output.withUnsafeMutableBytes { target, initialized in
        unsafe (target.baseAddress! + initialized).copyMemory(from: received.window.baseAddress!, byteCount: count)
        initialized += count
      }
      received.removeFirst(count)
      taken += count
    }
    releaseMemory()
    return taken
  }

  // MARK: What happened

  /// Another context serves the connection.
  func serve(isHeld: Bool, records: TLSRecordPolicy) {
    state.isHeld = isHeld
    self.records = EarlyRecords(records)
  }

  /// A server has written its first flight.
  ///
  /// - Parameters:
  ///   - obstacle: the reason why nothing may follow it before the handshake is done; `nil` if something may.
  ///   - agreed: the maximum fragment length that both sides agreed on.
  func flightWritten(_ obstacle: TLSEarlyDataObstacle?, agreed: Int?) {
    records.keep(to: agreed)
    if let obstacle {
      state.sendingEnded()
      self.obstacle = obstacle
    } else {
      state.flightWritten()
    }
  }

  func sendingEnded() { state.sendingEnded() }

  func receivingEnded() {
    state.receivingEnded()
    releaseMemory()
  }

  func handshakeCompleted() {
    // What is over is over, whatever was in its way before.
    if state.sending != .never { obstacle = .over }
    state.handshakeCompleted()
    releaseMemory()
  }

  /// An idle connection keeps no memory for early data.
  private func releaseMemory() { if received.count == 0, !isReceiving { received.release() } }
}
