internal import CSansIOTLSOpenSSL

/// The identities of pre-shared keys that a client shows to everyone on the way.
enum ShownIdentities {
  /// Reads the identities in a handshake message.
  ///
  /// - Parameters:
  ///   - message: type, length and body.
  ///   - ssl: the connection.
  /// - Returns: the identities of a ClientHello or a ClientKeyExchange; nothing of another message.
  static func of(_ message: UnsafeRawBufferPointer, _ ssl: OpaquePointer?) -> [[UInt8]] {
    switch unsafe message.first.map({ Int32($0) }) {
    case SSL3_MT_CLIENT_HELLO?: return unsafe inClientHello(Array(message))
    case SSL3_MT_CLIENT_KEY_EXCHANGE?:
      guard let suite = unsafe SSL_get_pending_cipher(ssl), unsafe SSL_CIPHER_get_auth_nid(suite) == NID_auth_psk
      else { return [] }
      // RFC 4279, section 2.
      var body = unsafe Array(message.dropFirst(4))[...]
      return ClientHelloParts.field(&body, lengthOf: 2).map { [Array($0)] } ?? []
    default: return []
    }
  }

  /// Reads the identities in a ClientHello.
  ///
  /// - Parameter message: type, length and body.
  static func inClientHello(_ message: [UInt8]) -> [[UInt8]] {
    guard let parts = ClientHelloParts(message[...]) else { return [] }
    return TLSEngine.ClientHello.preSharedKeyIdentities(in: parts.contents(of: 41))
  }
}
