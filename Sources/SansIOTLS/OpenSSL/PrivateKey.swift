internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns one reference to an `EVP_PKEY`; libcrypto zeroes the key when the last reference goes.
///
/// `@unchecked`: a key is not changed after parsing; libcrypto guards its reference count and caches itself.
@safe
final class PrivateKey: @unchecked Sendable {
  let pkey: OpaquePointer

  /// Takes over one reference.
  init(adopting pkey: OpaquePointer) { unsafe self.pkey = pkey }

  deinit { unsafe EVP_PKEY_free(pkey) }

  /// libcrypto's limit on a passphrase (PEM_BUFSIZE).
  static let passphraseLimit = 1024

  /// Parses a key in PEM (plain, PKCS#8, encrypted) or DER form (PKCS#8, PKCS#1, SEC 1).
  ///
  /// `d2i_AutoPrivateKey` and `PEM_read_bio_PrivateKey` tell wrong passphrases apart from malformed text only by their
  /// error queue.
  static func parse(_ source: Source, passphrase: String?) throws(TLSError) -> PrivateKey {
    if let passphrase, passphrase.utf8.count > passphraseLimit {
      throw TLSError(
        .passphraseTooLong, .local,
        hint: "the passphrase has \(passphrase.utf8.count) bytes; libcrypto takes \(passphraseLimit)")
    }
    return try unsafe source.withBIO { (bio) throws(TLSError) in
      let request = PassphraseRequest(passphrase: passphrase)
      let argument = unsafe Unmanaged.passUnretained(request).toOpaque()
      if let pkey = unsafe PEM_read_bio_PrivateKey(bio, nil, PassphraseRequest.callback, argument) {
        ErrorQueue.clear()
        return unsafe PrivateKey(adopting: pkey)
      }
      let entries = ErrorQueue.take()
      if request.wasAsked {
        if passphrase == nil {
          throw TLSError(
            .missingPassphrase, .local, hint: "the private key is encrypted; give its passphrase", library: entries)
        }
        throw TLSError(
          .wrongPassphrase, .local, hint: "the passphrase does not open the private key", library: entries)
      }
      _ = unsafe BIO_ctrl(bio, BIO_CTRL_RESET, 0, nil)
      if let pkey = unsafe d2i_PrivateKey_bio(bio, nil) {
        ErrorQueue.clear()
        return unsafe PrivateKey(adopting: pkey)
      }
      _ = unsafe BIO_ctrl(bio, BIO_CTRL_RESET, 0, nil)
      if let pkey = unsafe d2i_PKCS8PrivateKey_bio(bio, nil, PassphraseRequest.callback, argument) {
        ErrorQueue.clear()
        return unsafe PrivateKey(adopting: pkey)
      }
      ErrorQueue.clear()
      if request.wasAsked {
        throw TLSError(
          passphrase == nil ? .missingPassphrase : .wrongPassphrase, .local,
          hint: passphrase == nil
            ? "the private key is encrypted; give its passphrase" : "the passphrase does not open the private key")
      }
      throw TLSError(
        .invalidPrivateKey, .local, hint: "there is no private key in PEM or DER form", library: entries)
    }
  }
}

/// Answers libcrypto's request for a passphrase, and notes that there was one. libcrypto's own prompt on the terminal
/// never appears. The copy of the passphrase is zeroed when the request goes.
private final class PassphraseRequest {
  private var bytes: [UInt8]?
  private(set) var wasAsked = false

  init(passphrase: String?) { bytes = passphrase.map { Array($0.utf8) } }

  deinit {
    unsafe bytes?.withUnsafeMutableBytes { buffer in unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count) }
  }

  /// libcrypto calls it while `parse` keeps the request alive.
  static let callback: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 =
    {
      buffer, size, _, argument in
      guard let argument = unsafe argument, let buffer = unsafe buffer else { return -1 }
      let request = unsafe Unmanaged<PassphraseRequest>.fromOpaque(argument).takeUnretainedValue()
      request.wasAsked = true
      guard let bytes = request.bytes, bytes.count <= Int(size) else { return -1 }
      for (index, byte) in bytes.enumerated() { unsafe buffer[index] = CChar(bitPattern: byte) }
      return Int32(bytes.count)
    }
}
