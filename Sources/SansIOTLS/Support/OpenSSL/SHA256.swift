internal import CSansIOTLSShims

/// SHA-256 by libcrypto's default provider.
enum SHA256 {
  static let size = 32

  /// The digest of bytes, 32 of them. Corresponds to `EVP_Q_digest(3)`.
  static func digest(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: size) { digest, initialized in
      let isDone = unsafe bytes.withUnsafeBufferPointer { input in
        unsafe sitls_sha256(input.baseAddress, input.count, digest.baseAddress)
      }
      // A digest of no bytes equals none.
      initialized = isDone ? size : 0
    }
  }
}
