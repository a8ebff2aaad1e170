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
    var text = self
    // The closures are untyped in what they throw; the result carries the typed error across.
    let outcome: Swift.Result<Result, TLSError> = text.withUTF8 { text in
      if unsafe text.contains(0) {
        let hint = "\(setting) contains a NUL, where libssl would stop reading; remove it"
        return .failure(TLSError(.containsNUL, .misuse, hint: hint))
      }
      return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { buffer in
        defer { unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count) }
        unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(text))
        unsafe buffer.initializeElement(at: text.count, to: 0)
        do throws(TLSError) { return .success(try unsafe body(buffer.baseAddress!)) } catch { return .failure(error) }
      }
    }
    return try outcome.get()
  }
}
