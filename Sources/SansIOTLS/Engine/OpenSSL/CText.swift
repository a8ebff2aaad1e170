internal import CSansIOTLSOpenSSL

extension String {
  /// Passes the text to C, with the NUL that ends it. This is the only way by which text is passed to C: C would read a
  /// text that contains a NUL up to there and silently ignore the rest.
  ///
  /// The text may be a passphrase, so the copy is zeroed when the body returns.
  ///
  /// - Parameters:
  ///   - setting: the name of the text in the error, for example `cipherList`. The text itself is never in the error.
  ///   - body: receives the text, valid for the duration of the call.
  /// - Returns: what the body returns.
  /// - Throws: ``TLSError`` with code `.containsNUL`, or what the body throws.
  package func withCText<Result>(
    _ setting: String, _ body: (UnsafePointer<CChar>) throws(TLSError) -> Result
  ) throws(TLSError) -> Result {
    if utf8.contains(0) {
      throw TLSError(
        .containsNUL, .misuse, hint: "\(setting) contains a NUL, where libssl would stop reading; remove it")
    }
    // The allocation is untyped in what its body throws; the result carries the typed error across.
    let outcome: Swift.Result<Result, TLSError> = unsafe withUnsafeTemporaryAllocation(
      of: CChar.self, capacity: utf8.count + 1
    ) { buffer in
      defer { unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count) }
      let end = unsafe UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, from: utf8)
      unsafe buffer.initializeElement(at: end.initialized.count, to: 0)
      do throws(TLSError) { return .success(try unsafe body(buffer.baseAddress!)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}
