import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Synchronization

/// A private key in the forms from before PKCS#8, as `openssl rsa -traditional` and `openssl ec` write them: PKCS#1 and
/// SEC 1.
///
/// `@safe`: the pointer is valid from init to deinit; those of buffers live for one call.
@safe
final class TraditionalKey {
  private let key: OpaquePointer

  /// The key of an identity on RSA or a NIST curve; the others have no such form.
  init(of identity: TestIdentity) {
    let key = unsafe identity.privateKeyDER.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_AutoPrivateKey(nil, &cursor, bytes.count)
    }
    unsafe self.key = key!
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// The bare structure.
  var der: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(unsafe i2d_PrivateKey(key, nil)))
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var cursor = buffer.baseAddress
      _ = unsafe i2d_PrivateKey(key, &cursor)
    }
    return bytes
  }

  /// In PEM, not encrypted.
  var pem: [UInt8] {
    unsafe Self.written { unsafe PEM_write_bio_PrivateKey_traditional($0, key, nil, nil, 0, nil, nil) }
  }

  /// In PEM, encrypted as PEM itself does it (RFC 1421): the lines `Proc-Type: 4,ENCRYPTED` and `DEK-Info`.
  func pem(passphrase: String) -> [UInt8] {
    let passphrase = Array(passphrase.utf8)
    return unsafe Self.written {
      unsafe PEM_write_bio_PrivateKey_traditional(
        $0, key, EVP_aes_128_cbc(), passphrase, Int32(passphrase.count), nil, nil)
    }
  }

  /// The block that `openssl ecparam -genkey` writes before the key: the curve's name, here of P-256.
  static var parameters: [UInt8] {
    let curve: [UInt8] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]
    return unsafe written { unsafe PEM_write_bio($0, "EC PARAMETERS", "", curve, curve.count) }
  }

  /// The public key in PEM.
  var publicKeyPEM: [UInt8]? { unsafe Self.written { unsafe PEM_write_bio_PUBKEY($0, key) } }

  /// Bytes as a block of PEM.
  static func pem(_ label: String, _ bytes: [UInt8]) -> [UInt8] {
    unsafe written { unsafe PEM_write_bio($0, label, "", bytes, bytes.count) }
  }

  /// The bytes of a text in base64.
  static func decoded(_ text: String) -> [UInt8]? {
    let text = Array(text.utf8.filter { $0 != UInt8(ascii: "\n") })
    var bytes = [UInt8](repeating: 0, count: text.count)
    let count = unsafe EVP_DecodeBlock(&bytes, text, Int32(text.count))
    return count < 0 ? nil : Array(bytes.prefix(Int(count) - text.suffix(2).count { $0 == UInt8(ascii: "=") }))
  }

  private static func written(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
    let sink = unsafe BIO_new(BIO_s_mem())!
    defer { unsafe BIO_free(sink) }
    let isWritten = unsafe write(sink) > 0
    precondition(isWritten, "libcrypto does not write this form")
    var bytes = [UInt8](repeating: 0, count: Int(unsafe BIO_ctrl_pending(sink)))
    let count = unsafe BIO_read(sink, &bytes, Int32(bytes.count))
    return Array(bytes.prefix(Int(count)))
  }
}

/// Stands in for libcrypto's prompt on the terminal, for the whole process: it notes that it was called for, and
/// refuses as if there were no terminal.
///
/// `@safe`: the method is created and freed here, and libcrypto's own is restored before that.
@safe
enum TerminalPrompt {
  private static let appearances = Mutex(0)

  /// The number of times that the prompt was called for while `body` ran.
  static func appearances(during body: () throws -> Void) rethrows -> Int {
    let method = unsafe UI_create_method("none")!
    unsafe UI_method_set_opener(method) { _ in
      TerminalPrompt.appearances.withLock { $0 += 1 }
      return 0
    }
    unsafe UI_set_default_method(method)
    defer {
      unsafe UI_set_default_method(UI_OpenSSL())
      unsafe UI_destroy_method(method)
    }
    let before = appearances.withLock { $0 }
    try body()
    return appearances.withLock { $0 } - before
  }

  /// Reads a key as a program does that gives libcrypto no passphrase: this calls for the prompt.
  static func read(_ pem: [UInt8]) -> Bool {
    let source = unsafe BIO_new(BIO_s_mem())!
    defer {
      unsafe BIO_free(source)
      ERR_clear_error()
    }
    unsafe BIO_write(source, pem, Int32(pem.count))
    guard let key = unsafe PEM_read_bio_PrivateKey(source, nil, nil, nil) else { return false }
    unsafe EVP_PKEY_free(key)
    return true
  }
}
