internal import CSansIOTLSOpenSSL

/// The key of a client is its configuration's; those of a server are its configuration's and its answer's. Both were
/// decided before libssl asks.
extension Callbacks {
  // MARK: TLS 1.3

  /// Names a client's key, for the first ClientHello without a hash, for the second with that of the server's suite.
  static let usePreSharedKey: SSL_psk_use_session_cb_func = { ssl, digest, identity, count, session in
    ErrorQueue.preserving {
      unsafe session?.pointee = nil
      guard let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl),
        let callbacks = unsafe ContextCallbackState.of(ssl), let key = callbacks.preSharedKeys.first
      else { return 1 }
      if unsafe digest != nil, unsafe TLSPreSharedKey.Hash(digest: digest) != key.hash { return 1 }
      guard let suite = unsafe CipherSuites.tls13(of: ssl, hash: key.hash).first,
        let offer = unsafe PreSharedSession(key, suite: suite, identifier: ContextBuilder.clientSessionIdentifier)
      else { return 1 }
      unsafe callbackState.pointee.sharedKeys().key = key
      // libssl copies the identity at once; the context keeps it.
      unsafe identity?.pointee = unsafe key.secret.identity.baseAddress
      unsafe count?.pointee = unsafe key.secret.identity.count
      unsafe session?.pointee = unsafe offer.shared()
      return 1
    }
  }

  /// Finds a server's key by the identity that the client shows, tickets among them. libssl looks at one identity after
  /// the other, and takes the first that has a key of the hash of the suite.
  static let findPreSharedKey: SSL_psk_find_session_cb_func = { ssl, identity, count, session in
    ErrorQueue.preserving {
      unsafe session?.pointee = nil
      guard let ssl = unsafe ssl, let callbackState = unsafe CallbackState.of(ssl),
        let key = unsafe SSLHandle.preSharedKey(
          of: UnsafeBufferPointer(start: identity, count: count), for: ssl, callbackState),
        let suite = unsafe SSL_get_pending_cipher(ssl), unsafe TLSPreSharedKey.Hash(of: suite) == key.hash,
        let found = unsafe PreSharedSession(key, suite: suite, identifier: [])
      else { return 1 }
      unsafe callbackState.pointee.sharedKeys().key = key
      if let early = unsafe callbackState.pointee.early {
        // libssl compares what it has accepted with the session's limit too: with 0 the first byte would be fatal.
        unsafe SSL_SESSION_set_max_early_data(found.session, SSL_get_max_early_data(ssl))
        early.hasAge = false
      }
      unsafe session?.pointee = unsafe found.shared()
      return 1
    }
  }

  // MARK: TLS 1.2

  /// Copies a client's identity, with the NUL that ends it, and its key.
  ///
  /// - Returns: the length of the key; 0 fails the handshake.
  static let givePreSharedKey: SSL_psk_client_cb_func = { ssl, _, identity, identityRoom, key, room in
    ErrorQueue.preserving {
      // libssl asks in TLS 1.3 too where it has no key of the hash.
      guard let ssl = unsafe ssl, unsafe SSL_version(ssl) == TLS1_2_VERSION,
        let callbackState = unsafe CallbackState.of(ssl),
        let callbacks = unsafe ContextCallbackState.of(ssl), let own = callbacks.preSharedKeys.first,
        let identity = unsafe identity, own.isForTLS12, own.identity.count < Int(identityRoom)
      else { return 0 }
      unsafe UnsafeMutableRawPointer(identity).copyMemory(
        from: own.secret.identity.baseAddress!, byteCount: own.identity.count)
      unsafe identity[own.identity.count] = 0
      unsafe callbackState.pointee.sharedKeys().key = own
      return unsafe own.copyKey(to: key, room)
    }
  }

  /// Copies the key of the identity that a client shows; the identity is C text.
  ///
  /// - Returns: the length of the key; 0 refuses the client by the alert unknown_psk_identity.
  static let lookUpPreSharedKey: SSL_psk_server_cb_func = { ssl, identity, key, room in
    ErrorQueue.preserving {
      guard let ssl = unsafe ssl, unsafe SSL_version(ssl) == TLS1_2_VERSION,
        let callbackState = unsafe CallbackState.of(ssl), let identity = unsafe identity
      else { return 0 }
      let own = unsafe SSLHandle.bytes(ofCText: identity).withUnsafeBufferPointer {
        unsafe SSLHandle.preSharedKey(of: $0, for: ssl, callbackState)
      }
      guard let own else { return 0 }
      unsafe callbackState.pointee.sharedKeys().key = own
      return unsafe own.copyKey(to: key, room)
    }
  }
}

extension TLSPreSharedKey {
  /// Whether TLS 1.2 can send the identity: libssl keeps it as C text.
  var isForTLS12: Bool { !identity.contains(0) }

  fileprivate func copyKey(to output: UnsafeMutablePointer<UInt8>?, _ room: UInt32) -> UInt32 {
    guard let output = unsafe output, unsafe secret.key.count <= Int(room) else { return 0 }
    unsafe output.update(from: secret.key.baseAddress!, count: secret.key.count)
    return unsafe UInt32(clamping: secret.key.count)
  }
}
