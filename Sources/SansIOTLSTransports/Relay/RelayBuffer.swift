/// Bytes between two places that move at different speed. It is refilled only when it is empty: then nothing has to be
/// shifted, and its capacity is all the memory that it ever takes.
struct RelayBuffer: Sendable {
  static let capacity = 64 * 1024

  private var bytes: [UInt8] = []
  private var start = 0

  init() { bytes.reserveCapacity(Self.capacity) }

  var isEmpty: Bool { start == bytes.count }
  var count: Int { bytes.count - start }

  /// Replaces the contents by what `body` appends to an empty span of ``capacity`` bytes.
  mutating func refill<Value, Failure: Error>(
    _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    precondition(isEmpty)
    removeAll()
    var value: Value?
    try bytes.append(addingCapacity: Self.capacity) { output throws(Failure) in value = try body(&output) }
    return value!
  }

  /// Lends the first bytes, at most `limit`, to `body`, which says how many of them it took.
  mutating func take<Failure: Error>(
    upTo limit: Int = .max, _ body: (RawSpan) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let end = start + min(limit, count)
    // Sound: a byte has no padding, so its memory is all initialized.
    let taken = try unsafe body(bytes.span.extracting(start..<end).bytes)
    start += taken
    return taken
  }

  /// Lends all bytes to `body`, and keeps them.
  func lend(_ body: (RawSpan) -> Void) {
    // Sound: as in `take`.
    unsafe body(bytes.span.extracting(start...).bytes)
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    start = 0
  }
}
