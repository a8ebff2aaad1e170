internal import CSansIOTLSOpenSSL

/// libcrypto's error queue of the calling thread. It is shared with all other code on the thread, so the engine clears
/// it before each call whose result depends on it, and removes all entries that a call left.
///
/// The pointers here are libcrypto's own static or queue-owned strings, copied before the queue is used again.
enum ErrorQueue {
  /// Clears the queue. Peeking is cheap and clearing is not: 0.99 against 0.86 of the rate of small messages.
  @inline(__always)
  static func clear() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
  }

  /// Runs the body of a callback, and removes the entries that it left in the queue. `SSL_get_error(3)` attributes any
  /// entry to the call that the callback ran in.
  static func preserving<Result>(_ body: () -> Result) -> Result {
    ERR_set_mark()
    defer { ERR_pop_to_mark() }
    return body()
  }

  /// Removes all entries, oldest first. Corresponds to `ERR_get_error_all(3)`.
  static func take() -> [TLSError.OpenSSLEntry] {
    var entries: [TLSError.OpenSSLEntry] = []
    while true {
      var data: UnsafePointer<CChar>?
      var flags: Int32 = 0
      var place: UnsafePointer<CChar>?
      let code = unsafe ERR_get_error_all(nil, nil, &place, &data, &flags)
      if code == 0 { return entries }
      let library = unsafe ERR_lib_error_string(code).map { unsafe String(cString: $0) } ?? "library"
      let reason = reason(of: code)
      let function = unsafe place.map { unsafe String(cString: $0) } ?? ""
      let isText = flags & ERR_TXT_STRING != 0
      let detail = isText ? unsafe data.map { unsafe String(cString: $0) } ?? "" : ""
      entries.append(
        TLSError.OpenSSLEntry(
          code: UInt(code), library: library, function: function, reason: reason, reasonCode: Int(ERR_GET_REASON(code)),
          detail: detail))
    }
  }

  /// The reason in words. Corresponds to `ERR_reason_error_string(3)`.
  private static func reason(of code: CUnsignedLong) -> String {
    if let text = unsafe ERR_reason_error_string(code) { return unsafe String(cString: text) }
    // The tables do not hold the system's error numbers; only the whole text has their words, as its last field.
    var line = [CChar](repeating: 0, count: 256)
    unsafe ERR_error_string_n(code, &line, line.count)
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let fields = text.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
    return fields.count == 5 ? String(fields[4]) : "unknown reason"
  }
}

extension TLSError.OpenSSLEntry {
  /// Whether the entry is from libssl, rather than from libcrypto.
  var isFromLibSSL: Bool { ERR_GET_LIB(CUnsignedLong(code)) == ERR_LIB_SSL }
}
