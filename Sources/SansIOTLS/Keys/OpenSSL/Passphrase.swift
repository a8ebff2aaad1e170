internal import CSansIOTLSOpenSSL

/// A passphrase for libcrypto; the copy is zeroed when the last reference is released.
///
/// `@unchecked`: the bytes are written in init alone.
@safe
final class Passphrase: @unchecked Sendable {
  private let bytes: UnsafeMutableBufferPointer<CChar>

  /// libcrypto's limit (PEM_BUFSIZE), in bytes.
  static let limit = 1024

  /// Copies a text. It may contain a NUL: callers receive the length.
  init(_ text: String) throws(TLSError) {
    let count = text.utf8.count
    if count > Self.limit {
      throw TLSError(
        .passphraseTooLong, .local, hint: "the passphrase has \(count) bytes; libcrypto accepts at most \(Self.limit)")
    }
    unsafe bytes = .allocate(capacity: count)
    _ = unsafe bytes.initialize(from: text.utf8.lazy.map { CChar(bitPattern: $0) })
  }

  deinit {
    unsafe OPENSSL_cleanse(bytes.baseAddress, bytes.count)
    unsafe bytes.deallocate()
  }

  /// Passes the bytes, without a NUL at their end.
  func withBytes<Result>(_ body: (UnsafeBufferPointer<CChar>) -> Result) -> Result {
    unsafe body(UnsafeBufferPointer(bytes))
  }
}

/// Answers libcrypto's request for a passphrase, and notes that there was one. libcrypto's own prompt on the terminal
/// never appears.
final class PassphraseRequest {
  private let passphrase: Passphrase?
  /// The answer if there is no passphrase: refused, or an empty one. A provider that is refused may use a prompt of its
  /// own, and one for tokens takes an empty PIN as the end of the attempt.
  private let answersEmpty: Bool
  private(set) var wasAsked = false

  init(_ passphrase: Passphrase?, answersEmpty: Bool = false) {
    self.passphrase = passphrase
    self.answersEmpty = answersEmpty
  }

  /// libcrypto calls it while its caller keeps the request alive.
  static let callback: @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
    buffer, size, _, argument in
    guard let argument = unsafe argument, let buffer = unsafe buffer else { return -1 }
    let request = unsafe Unmanaged<PassphraseRequest>.fromOpaque(argument).takeUnretainedValue()
    request.wasAsked = true
    guard let passphrase = request.passphrase else { return request.answersEmpty ? 0 : -1 }
    return unsafe passphrase.withBytes { bytes in
      guard bytes.count <= Int(size) else { return -1 }
      if let start = bytes.baseAddress { unsafe buffer.update(from: start, count: bytes.count) }
      return CInt(clamping: bytes.count)
    }
  }
}
