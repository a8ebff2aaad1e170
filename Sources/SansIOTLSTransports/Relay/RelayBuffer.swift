/// A buffer between a producer and a consumer. It is refilled only while it is empty: no bytes have to be shifted, and
/// it never uses more memory than its capacity.
struct RelayBuffer: Sendable {
  static let capacity = 64 * 1024

  private var bytes: [UInt8] = []
  private var start = 0

  init() { bytes.reserveCapacity(Self.capacity) }

  var isEmpty: Bool { start == bytes.count }
  var count: Int { bytes.count - start }

  /// Replaces the contents with what `body` appends to an empty span of ``capacity`` bytes.
  mutating func refill<Value, Failure: Error>(
    _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    precondition(isEmpty)
    removeAll()
    var value: Value?
    try bytes.append(addingCapacity: Self.capacity) { output throws(Failure) in value = try body(&output) }
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
