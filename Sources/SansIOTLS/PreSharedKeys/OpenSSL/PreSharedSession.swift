internal import CSansIOTLSOpenSSL

/// Owns one reference to the `SSL_SESSION` by which libssl knows a pre-shared key.
@safe
final class PreSharedSession {
  let session: OpaquePointer

  /// Creates the session of a key for one handshake: libssl changes it.
  ///
  /// - Parameters:
  ///   - key: the key.
  ///   - suite: a suite of the key's hash; early data would be encrypted by it.
  ///   - identifier: the session id context of a client's context. libssl fails the handshake of a client whose session
  ///     has another; for a server it sets its own.
  /// - Returns: `nil` for lack of memory.
  init?(_ key: TLSPreSharedKey, suite: OpaquePointer, identifier: [UInt8]) {
    guard let session = unsafe SSL_SESSION_new() else { return nil }
    unsafe self.session = session
    let secret = unsafe key.secret.key
    guard unsafe SSL_SESSION_set1_master_key(session, secret.baseAddress, secret.count) == 1,
      unsafe SSL_SESSION_set_cipher(session, suite) == 1,
      unsafe SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1,
      unsafe SSL_SESSION_set1_id_context(session, identifier, UInt32(clamping: identifier.count)) == 1
    else { return nil }
  }

  deinit { unsafe SSL_SESSION_free(session) }

  /// Returns the session with a reference for libssl.
  func shared() -> OpaquePointer {
    unsafe SSL_SESSION_up_ref(session)
    return unsafe session
  }
}

extension TLSPreSharedKey.Hash {
  /// The hash of a suite; `nil` for one that no pre-shared key has, and without a suite.
  init?(of suite: OpaquePointer?) {
    guard let suite = unsafe suite else { return nil }
    unsafe self.init(digest: SSL_CIPHER_get_handshake_digest(suite))
  }

  /// The hash of an `EVP_MD`.
  init?(digest: OpaquePointer?) {
    guard let digest = unsafe digest else { return nil }
    switch unsafe EVP_MD_get_type(digest) {
    case NID_sha256: self = .sha256
    case NID_sha384: self = .sha384
    default: return nil
    }
  }
}
