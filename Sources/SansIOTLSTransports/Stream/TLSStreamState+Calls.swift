internal import SansIOTLS

/// The calls of a stream. Each is one attempt, which returns `nil` if it has to wait.
extension TLSStreamState {
  enum Direction { case reading, writing }

  mutating func enter(_ direction: Direction) throws(TLSStreamError) {
    switch direction {
    case .reading:
      if hasReader { throw TLSStreamError(.concurrentCall) }
      hasReader = true
    case .writing:
      if hasWriter { throw TLSStreamError(.concurrentCall) }
      hasWriter = true
    }
  }

  mutating func leave(_ direction: Direction) {
    switch direction {
    case .reading: hasReader = false
    case .writing: hasWriter = false
    }
  }

  mutating func handshake() throws(TLSStreamError) -> TLSEngine.NegotiatedParameters? {
    try complete { (engine) throws(TLSError) in try engine.handshake() } ? engine.negotiated : nil
  }

  /// - Returns: The number of bytes read; `.some(nil)` at the end.
  mutating func read(into output: inout OutputRawSpan) throws(TLSStreamError) -> Int?? {
    try checkFailure()
    if let count = takeUnread(into: &output) { return count }
    feed()
    while true {
      let step: TLSEngine.ReadStep<Int>
      do throws(TLSError) { step = try engine.read(into: &output) } catch { throw TLSStreamError(error) }
      switch step {
      case .done(let count): return count + readFurther(into: &output)
      case .endOfStream: return .some(nil)
      case .needsFeed: guard try receiveMore() else { return nil }
      case .needsAnswer: guard try receiveWhileAsking() else { return nil }
      }
    }
  }

  /// Receives and decrypts more as long as the transport fills the memory that it is lent: it has more, and a call for
  /// each record would acquire the lock as often. An error or the end is left for the next call.
  ///
  /// - Returns: The number of bytes read.
  private mutating func readFurther(into output: inout OutputRawSpan) -> Int {
    var total = 0
    while input.isFilled, output.freeCapacity > 0, total < Self.receivingLimit, receiveFurther() {
      guard case .done(let count)? = try? engine.read(into: &output) else { break }
      total += count
    }
    return total
  }

  /// - Returns: The bytes; `.some(nil)` at the end.
  mutating func read(upTo count: Int) throws(TLSStreamError) -> [UInt8]?? {
    // A small message, or the beginning of a large one, is read to the stack: the array is created once its size is
    // known, and not at all by an attempt that has to wait.
    let headCount = min(count, Self.headSize)
    // Sound: the memory lives through the closure, and as many bytes are read as were initialized.
    let result = unsafe withUnsafeTemporaryAllocation(byteCount: headCount, alignment: 1) { memory in
      var head = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      let step: Int??
      do throws(TLSStreamError) { step = try read(into: &head) } catch {
        return Result<[UInt8]??, TLSStreamError>.failure(error)
      }
      let initialized = unsafe UnsafeRawBufferPointer(rebasing: memory[..<head.finalize(for: memory)])
      switch step {
      case nil: return .success(nil)
      case .some(nil): return .success(.some(nil))
      case .some: return .success(unsafe bytes(beginningWith: initialized, upTo: count))
      }
    }
    return try result.get()
  }

  /// Adds what the engine can decrypt at once to a head that is full. An error or the end is left for the next call.
  private mutating func bytes(beginningWith head: UnsafeRawBufferPointer, upTo count: Int) -> [UInt8] {
    if head.count < Self.headSize || head.count == count { return unsafe Array(head) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(count, Self.headSize + TLSEngine.recordSize))
    unsafe bytes.append(contentsOf: head)
    bytes.append(addingCapacity: min(count, Self.headSize + TLSEngine.recordSize) - head.count) { output in
      _ = try? engine.read(into: &output)
    }
    return bytes
  }

  /// Encrypts as much as there is room for, and sends it.
  ///
  /// - Parameter rest: The plaintext that is left.
  /// - Returns: If nothing is left, the number of ciphertext bytes that the transport has to accept.
  mutating func write(_ rest: inout RawSpan) throws(TLSStreamError) -> Int? {
    try checkFailure()
    if let error = output.error { throw error }
    feed()
    while true {
      // As much as one call of the transport carries: more would leave the processor's cache before it is sent.
      let piece = nonblocking == nil ? rest : rest.extracting(first: min(rest.byteCount, Self.sendingSize))
      let step: TLSEngine.WriteStep
      do throws(TLSError) { step = try engine.write(piece) } catch { throw TLSStreamError(error) }
      switch step {
      case .done(let count):
        rest = rest.extracting(droppingFirst: count)
        if nonblocking != nil { sendNow() }
        if rest.isEmpty { return encryptedCount }
        if let error = output.error { throw error }
      case .needsDrain:
        waiters.interest = .output
        return nil
      case .needsFeed: guard try receiveMore() else { return nil }
      case .needsAnswer: guard try receiveWhileAsking() else { return nil }
      }
    }
  }

  /// - Returns: The number of ciphertext bytes that the transport has to accept.
  mutating func closeWriting() throws(TLSStreamError) -> Int? {
    guard try complete({ (engine) throws(TLSError) in try engine.closeWriting() }) else { return nil }
    if engine.negotiated == nil, !isAbandoned {
      isAbandoned = true
      changed(.all)
    }
    if nonblocking != nil { sendNow() }
    return encryptedCount
  }

  /// - Returns: The number of ciphertext bytes that the transport has to accept.
  mutating func requestClientCertificate(isRequired: Bool) throws(TLSStreamError) -> Int? {
    let isSent = try complete { (engine) throws(TLSError) in
      try engine.requestClientCertificate(isRequired: isRequired)
    }
    guard isSent else { return nil }
    if nonblocking != nil { sendNow() }
    return encryptedCount
  }

  /// Repeats a call of the engine, receiving what it needs.
  ///
  /// - Returns: Whether it is done; if not, it has to wait.
  private mutating func complete(
    _ call: (inout TLSEngine) throws(TLSError) -> TLSEngine.HandshakeStep
  ) throws(TLSStreamError) -> Bool {
    try checkFailure()
    feed()
    while true {
      switch try tls(call) {
      case .done: return true
      case .needsFeed: guard try receiveMore() else { return false }
      case .needsAnswer: guard try receiveWhileAsking() else { return false }
      }
    }
  }

  /// - Returns: `nil` until the transport has accepted that many ciphertext bytes.
  mutating func hasSent(_ end: Int) throws(TLSStreamError) -> Void? {
    if output.sentCount >= end { return () }
    if let error = failure ?? output.error { throw error }
    waiters.interest = .output
    return nil
  }

  /// Requests the transport's end, after what waits to be sent.
  mutating func closeOutput() throws(TLSStreamError) -> Void? {
    if output.hasEnded { return () }
    if let error = failure ?? output.error { throw error }
    output.wantsEnd = true
    waiters.interest = .output
    return nil
  }

  /// - Returns: The bytes received after the peer's close_notify.
  mutating func unwrap() throws(TLSStreamError) -> [UInt8]? {
    try checkFailure()
    if !input.unread.isEmpty { throw TLSStreamError(.unreadPlaintext) }
    feed()
    while true {
      switch try tls({ (engine) throws(TLSError) in try engine.read(upTo: 1) }) {
      case .endOfStream:
        var trailing = engine.takeTrailingInput()
        trailing += input.unfed
        input.unfed = []
        failure = TLSStreamError(.unwrapped)
        return trailing
      case .done(let bytes):
        input.unread = bytes
        throw TLSStreamError(.unreadPlaintext)
      case .needsFeed: guard try receiveMore() else { return nil }
      case .needsAnswer: guard try receiveWhileAsking() else { return nil }
      }
    }
  }

  /// Calls the engine. A failure is thrown, and its alert is still sent.
  private mutating func tls<Value>(
    _ body: (inout TLSEngine) throws(TLSError) -> Value
  ) throws(TLSStreamError) -> Value {
    do throws(TLSError) { return try body(&engine) } catch { throw TLSStreamError(error) }
  }

  private mutating func takeUnread(into output: inout OutputRawSpan) -> Int? {
    if input.unread.isEmpty { return nil }
    let count = min(input.unread.count, output.freeCapacity)
    for byte in input.unread.prefix(count) { unsafe output.append(byte, as: UInt8.self) }
    input.unread.removeFirst(count)
    return count
  }

  var encryptedCount: Int { output.sentCount + output.sendingCount + engine.pendingOutputByteCount }

  /// The memory on the stack for the beginning of what is read, in bytes.
  private static let headSize = 1024
}
