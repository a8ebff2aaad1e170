/// The calls with bytes for the containers of programs. Arrays, slices and spans are passed to libssl where they lie;
/// other sequences are copied once. (A span's raw bytes count as unsafe for types with padding; `UInt8` has none.)
extension TLSEngine {
  /// Accepts ciphertext; see ``feed(_:)-(RawSpan)``. The bytes are copied once.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream.
  /// - Returns: how many bytes were accepted.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func feed(_ ciphertext: [UInt8]) throws(TLSError) -> Int { try feed(unsafe ciphertext.span.bytes) }

  /// Accepts ciphertext; see ``feed(_:)-(RawSpan)``. The bytes are copied once.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream.
  /// - Returns: how many bytes were accepted.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func feed(_ ciphertext: ArraySlice<UInt8>) throws(TLSError) -> Int {
    try feed(unsafe ciphertext.span.bytes)
  }

  /// Accepts ciphertext of any sequence, for example a lazy one; see ``feed(_:)-(RawSpan)``. The bytes are copied
  /// twice.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream.
  /// - Returns: how many bytes were accepted, from the first on.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func feed(_ ciphertext: some Sequence<UInt8>) throws(TLSError) -> Int { try feed(Array(ciphertext)) }

  /// Accepts ciphertext; see ``feed(_:)-(RawSpan)``. The bytes are copied once.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream.
  /// - Returns: how many bytes were accepted.
  /// - Throws: ``TLSError`` as the raw span form does.
  public mutating func feed(_ ciphertext: Span<UInt8>) throws(TLSError) -> Int { try feed(unsafe ciphertext.bytes) }

  /// Encrypts plaintext; see ``write(_:)-(RawSpan)``.
  ///
  /// - Parameter plaintext: bytes to send.
  /// - Returns: how many bytes were accepted, or what the call waits for.
  /// - Throws: ``TLSError`` as the raw span form does.
  public mutating func write(_ plaintext: Span<UInt8>) throws(TLSError) -> WriteStep {
    try write(unsafe plaintext.bytes)
  }

  /// Encrypts plaintext; see ``write(_:)-(RawSpan)``.
  ///
  /// - Parameter plaintext: bytes to send.
  /// - Returns: how many bytes were accepted, or what the call waits for.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func write(_ plaintext: [UInt8]) throws(TLSError) -> WriteStep {
    try write(unsafe plaintext.span.bytes)
  }

  /// Encrypts plaintext; see ``write(_:)-(RawSpan)``.
  ///
  /// - Parameter plaintext: bytes to send.
  /// - Returns: how many bytes were accepted, or what the call waits for.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func write(_ plaintext: ArraySlice<UInt8>) throws(TLSError) -> WriteStep {
    try write(unsafe plaintext.span.bytes)
  }

  /// Encrypts plaintext of any sequence, for example `"text".utf8`; see ``write(_:)-(RawSpan)``. The bytes are copied
  /// once.
  ///
  /// - Parameter plaintext: bytes to send.
  /// - Returns: how many bytes were accepted, or what the call waits for.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func write(_ plaintext: some Sequence<UInt8>) throws(TLSError) -> WriteStep {
    try write(Array(plaintext))
  }

  /// Decrypts into an output span of bytes; see ``read(into:)-(OutputRawSpan)``. Nothing is copied.
  ///
  /// - Parameter output: receives the plaintext.
  /// - Returns: how many bytes were read, or what the call waits for.
  /// - Throws: ``TLSError`` as the raw span form does.
  public mutating func read(into output: inout OutputSpan<UInt8>) throws(TLSError) -> ReadStep<Int> {
    try output.withRawSpan { (raw) throws(TLSError) in try read(into: &raw) }
  }

  /// Decrypts into a new array, no longer than the plaintext that is available.
  ///
  /// - Parameter count: bytes at most, 1 or more. No call returns more than the inbound buffer and a record hold.
  /// - Returns: `.done` with the bytes, never empty; else as ``read(into:)-(OutputRawSpan)``.
  /// - Throws: ``TLSError`` as the raw span form does.
  public mutating func read(upTo count: Int) throws(TLSError) -> ReadStep<[UInt8]> {
    var step: Result<ReadStep<Int>, TLSError> = .success(.needsFeed)
    let capacity = min(max(count, 0), limits.bufferByteCount + Self.recordSize)
    let bytes = [UInt8](capacity: capacity) { (output: inout OutputSpan<UInt8>) in
      do throws(TLSError) { step = .success(try read(into: &output)) } catch { step = .failure(error) }
    }
    return try step.get().map { count in
      if count * 2 >= capacity { return bytes }
      // A caller that keeps the plaintext of small records does not keep the capacity for large ones.
      var trimmed: [UInt8] = []
      trimmed.reserveCapacity(count)
      trimmed.append(contentsOf: bytes)
      return trimmed
    }
  }

  /// Returns waiting ciphertext as an array, a copy, and removes it. See ``drain(_:)`` for the form that copies
  /// nothing.
  ///
  /// - Parameter count: bytes at most; by default all.
  /// - Returns: the bytes, empty if none wait.
  public mutating func drain(upTo count: Int = .max) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(pendingOutputByteCount, max(count, 0)))
    drain { (segment: RawSpan) in
      let taken = min(segment.byteCount, max(count, 0) - bytes.count)
      // A span's bytes reach an array through a buffer that lives as long as the closure.
      unsafe segment.extracting(first: taken).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      return taken
    }
    return bytes
  }

  /// Copies waiting ciphertext into the caller's memory, as much as fits.
  ///
  /// - Parameter output: receives the bytes; its present contents stay.
  public mutating func drain(into output: inout OutputRawSpan) {
    drain { (segment: RawSpan) in
      let count = min(segment.byteCount, output.freeCapacity)
      // Both sides are bounded by `count`.
      unsafe segment.withUnsafeBytes { source in
        unsafe output.withUnsafeMutableBytes { target, initialized in
          if count > 0 {
            unsafe (target.baseAddress! + initialized).copyMemory(from: source.baseAddress!, byteCount: count)
            initialized += count
          }
        }
      }
      return count
    }
  }
}
