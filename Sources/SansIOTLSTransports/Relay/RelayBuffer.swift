/// A buffer between a producer and a consumer. Bytes are appended only before its first ones are consumed, or after
/// all are: none has to be shifted, and it never uses more memory than its capacity.
struct RelayBuffer: Sendable {
  /// The contents of a pipe.
  static let capacity = 64 * 1024

  private let capacity: Int
  private var bytes: [UInt8] = []
  private var start = 0

  init(capacity: Int = capacity) {
    self.capacity = capacity
    bytes.reserveCapacity(capacity)
  }

  var isEmpty: Bool { start == bytes.count }
  var count: Int { bytes.count - start }

  /// Whether it has room for the plaintext of a record.
  var hasRoom: Bool { isEmpty || (start == 0 && count <= capacity - Relay.recordSize) }

  /// Passes the free memory of a buffer of which nothing was consumed, or everything, to `body`, which appends to it.
  mutating func append<Value, Failure: Error>(
    _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    if isEmpty { removeAll() }
    precondition(start == 0)
    var value: Value?
    try bytes.append(addingCapacity: capacity - bytes.count) { output throws(Failure) in
      value = try body(&output)
    }
    return value!
  }

  /// Passes the first bytes, at most `limit`, to `body`, which returns how many of them it consumed.
  mutating func consume<Failure: Error>(
    upTo limit: Int = .max, _ body: (RawSpan) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let end = start + min(limit, self.count)
    // Sound: a byte has no padding, so its memory is all initialized.
    let count = try unsafe body(bytes.span.extracting(start..<end).bytes)
    start += count
    return count
  }

  /// Passes all bytes to `body`, and keeps them.
  func withBytes(_ body: (RawSpan) -> Void) {
    // Sound: as in `consume`.
    unsafe body(bytes.span.extracting(start...).bytes)
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    start = 0
  }
}
