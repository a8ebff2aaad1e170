internal import CSansIOTLSOpenSSL

extension TLSServerSession {
  /// Reads a session that was stored. It is copied.
  ///
  /// - Parameter bytes: what ``bytes`` returned; at most 262,144 bytes.
  /// - Throws: ``TLSError`` with code `.invalidSession` if they are damaged or no such session: the store has lost it,
  ///   and the client is served by a full handshake.
  ///
  /// Corresponds to `d2i_SSL_SESSION(3)`.
  public init(bytes: [UInt8]) throws(TLSError) {
    let object = try SessionObject(decoding: Self.encoding(in: bytes))
    self.init(identifier: unsafe Self.identifier(of: object.session), bytes: bytes, lifetime: object.lifetime)
  }

  /// Copies a new session of a connection; `nil` if it is not one that a client could bring back.
  init?(encoding session: OpaquePointer) {
    let identifier = unsafe Self.identifier(of: session)
    let size = unsafe i2d_SSL_SESSION(session, nil)
    guard !identifier.isEmpty, size > 0 else { return nil }
    var encoding = [UInt8](repeating: 0, count: Int(size))
    defer { unsafe encoding.withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) } }
    let written = unsafe encoding.withUnsafeMutableBufferPointer { buffer in
      var cursor = buffer.baseAddress
      // Sound: libssl writes as many bytes as it has counted above.
      return unsafe i2d_SSL_SESSION(session, &cursor)
    }
    guard written == size else { return nil }
    self.init(
      identifier: identifier, bytes: Self.envelope(of: encoding),
      lifetime: unsafe Int64(SSL_SESSION_get_timeout(session))
    )
  }

  private static func identifier(of session: OpaquePointer) -> [UInt8] {
    var count: UInt32 = 0
    let start = unsafe SSL_SESSION_get_id(session, &count)
    return unsafe [UInt8](UnsafeBufferPointer(start: start, count: Int(count)))
  }
}

/// Owns one reference to an `SSL_SESSION` that a store has returned, for one connection.
@safe
final class SessionObject {
  let session: OpaquePointer

  init(decoding bytes: ArraySlice<UInt8>) throws(TLSError) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    let (session, consumed): (OpaquePointer?, Int) = unsafe bytes.withUnsafeBufferPointer { encoded in
      var cursor = encoded.baseAddress
      let session = unsafe d2i_SSL_SESSION(nil, &cursor, encoded.count)
      return unsafe (session, session == nil ? 0 : encoded.baseAddress!.distance(to: cursor!))
    }
    guard let session = unsafe session else { throw Self.damaged }
    unsafe self.session = session
    if consumed != bytes.count { throw Self.damaged }
  }

  deinit { unsafe SSL_SESSION_free(session) }

  var lifetime: Int64 { unsafe Int64(SSL_SESSION_get_timeout(session)) }

  private static var damaged: TLSError {
    TLSError(.invalidSession, .local, hint: "the stored session is damaged; answer without it")
  }
}
