internal import CSansIOTLSOpenSSL

/// The bytes of a pre-shared key and of its identity, at addresses that do not change: libssl copies the identity after
/// the callback that names it. The key is zeroed when the last reference is released.
///
/// `@unchecked`: the bytes are written in init alone.
@safe
final class PreSharedSecret: @unchecked Sendable {
  let identity: UnsafeBufferPointer<UInt8>
  let key: UnsafeBufferPointer<UInt8>

  init(identity: [UInt8], key: [UInt8]) {
    let name = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: identity.count)
    _ = unsafe name.initialize(from: identity)
    unsafe self.identity = UnsafeBufferPointer(name)
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: key.count)
    _ = unsafe copy.initialize(from: key)
    unsafe self.key = UnsafeBufferPointer(copy)
  }

  deinit {
    unsafe OPENSSL_cleanse(UnsafeMutableRawPointer(mutating: key.baseAddress), key.count)
    unsafe key.deallocate()
    unsafe identity.deallocate()
  }

  /// Whether the secret of a session is this key: libssl copies a session where its group changes, so that it is not
  /// known by its address. Corresponds to `SSL_SESSION_get_master_key(3)`.
  func isSecret(of session: OpaquePointer?) -> Bool {
    guard let session = unsafe session else { return false }
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: key.count) { buffer in
      unsafe buffer.initialize(repeating: 0)
      defer { unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count) }
      let count = unsafe SSL_SESSION_get_master_key(session, buffer.baseAddress, buffer.count)
      return unsafe count > 0 && buffer.prefix(count).elementsEqual(key.prefix(count))
    }
  }

  /// Compares all bytes, wherever the first difference is.
  func hasSameKey(as other: PreSharedSecret) -> Bool {
    guard unsafe key.count == other.key.count else { return false }
    var difference: UInt8 = 0
    for index in unsafe key.indices { unsafe difference |= key[index] ^ other.key[index] }
    return difference == 0
  }
}
