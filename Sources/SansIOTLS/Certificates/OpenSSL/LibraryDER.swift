internal import CSansIOTLSOpenSSL

/// Copies of values that libcrypto has decoded.
enum LibraryDER {
  /// The DER that one of the `i2d_` functions writes into memory of its own; empty if it fails.
  static func encoded(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> CInt) -> [UInt8] {
    var octets: UnsafeMutablePointer<UInt8>?
    let count = unsafe Int(write(&octets))
    guard count > 0, let start = unsafe octets else { return [] }
    defer { unsafe CRYPTO_free(start, nil, 0) }
    return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  }

  /// The contents of a string.
  static func contents(of string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string = unsafe string else { return [] }
    return unsafe [UInt8](
      UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
  }

  /// A string of any kind as text, a NUL included; `nil` if it is no string of characters, or malformed as its kind
  /// demands. Of a T61String libcrypto reads the bytes as ISO 8859-1. Corresponds to `ASN1_STRING_to_UTF8(3)`.
  static func text(of string: UnsafePointer<ASN1_STRING>?) -> String? {
    var octets: UnsafeMutablePointer<UInt8>?
    let count = unsafe Int(ASN1_STRING_to_UTF8(&octets, string))
    defer { unsafe CRYPTO_free(octets, nil, 0) }
    guard count >= 0 else { return nil }
    return unsafe String(validating: UnsafeBufferPointer(start: octets, count: count), as: UTF8.self)
  }

  /// The elements of a stack, valid as long as it.
  static func elements(of stack: OpaquePointer?) -> [OpaquePointer] {
    unsafe (0..<max(OPENSSL_sk_num(stack), 0)).compactMap { unsafe OPENSSL_sk_value(stack, $0).map(OpaquePointer.init) }
  }
}
