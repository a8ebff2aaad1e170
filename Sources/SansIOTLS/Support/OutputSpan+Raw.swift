extension OutputSpan<UInt8> {
  /// Lends the free memory as a raw span; what is appended to that counts as appended here.
  package mutating func withRawSpan<Result, Failure>(
    _ body: (inout OutputRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // Sound: both spans have the same memory, and the raw one is not used after its bytes are counted. The typed error
    // crosses the closure as a value: the span's own method throws whatever its body does, untyped here.
    let outcome = unsafe withUnsafeMutableBufferPointer { memory, initialized in
      let memory = UnsafeMutableRawBufferPointer(memory)
      var raw = unsafe OutputRawSpan(buffer: memory, initializedCount: initialized)
      let outcome: Swift.Result<Result, Failure>
      do throws(Failure) { outcome = .success(try body(&raw)) } catch { outcome = .failure(error) }
      initialized = unsafe raw.finalize(for: memory)
      return outcome
    }
    return try outcome.get()
  }
}
