extension TLSEngine.ClientHello {
  /// Names the early data that a message offers: the SHA-256 of the first identity and its binder, which the client has
  /// computed over the whole message with the key of its session. A copy of the message has the same; nothing else of
  /// the message can be changed without it, and other clients' differ.
  ///
  /// - Parameters:
  ///   - keys: the contents of the extension pre_shared_key (RFC 8446, section 4.2.11).
  /// - Returns: 32 bytes; `nil` for malformed contents.
  static func earlyDataToken(ofKeys keys: [UInt8]) -> [UInt8]? {
    var rest = keys[...]
    // Later identities have binders of their own, which the first one's does not cover.
    guard var identities = field(&rest, lengthOf: 2), let identity = field(&identities, lengthOf: 2),
      var binders = field(&rest, lengthOf: 2), rest.isEmpty, let binder = field(&binders, lengthOf: 1),
      !identity.isEmpty, binder.count >= 32
    else { return nil }
    var covered = Array("SansIOTLS early data 1".utf8)
    covered.append(UInt8(truncatingIfNeeded: identity.count >> 8))
    covered.append(UInt8(truncatingIfNeeded: identity.count))
    covered += identity + binder
    let digest = SHA256.digest(of: covered[...])
    return digest.count == SHA256.size ? digest : nil
  }

  private static func field(_ rest: inout ArraySlice<UInt8>, lengthOf bytes: Int) -> ArraySlice<UInt8>? {
    ClientHelloParts.field(&rest, lengthOf: bytes)
  }

  /// The token in the extensions of a message.
  static func earlyDataToken(in parts: ClientHelloParts) -> [UInt8]? {
    // early_data and pre_shared_key.
    guard parts.extensions.contains(where: { $0.type == 42 }) else { return nil }
    return earlyDataToken(ofKeys: parts.contents(of: 41))
  }
}

extension TLSEngine.ClientHello.Answer {
  /// Returns this answer with a decision about early data, instead of the
  /// ``TLSContext/Configuration/earlyDataReplayFilter``.
  ///
  /// Accept it once for each ``TLSEngine/ClientHello/earlyDataToken``, by the store that all servers with the same
  /// ticket keys share: an insertion that fails if the token is there already. A token can be forgotten after
  /// ``TLSReplayFilter/windowSeconds``, measured by the servers' clocks. libssl still rejects early data where the
  /// session is not resumed, the binder is wrong or the ticket's age is not the stated one, and where the serving
  /// context, or the one that asks, has no ``TLSContext/Configuration/maximumEarlyDataByteCount``.
  ///
  /// ```swift
  /// let isNew = try await store.insertIfAbsent(token, expiringAfter: TLSReplayFilter.windowSeconds)
  /// try tls.answer(.serve.acceptingEarlyData(isNew))
  /// ```
  ///
  /// - Parameter accepts: whether the client's early data is accepted.
  /// - Returns: the answer.
  ///
  /// Corresponds to `SSL_CTX_set_allow_early_data_cb(3)`.
  public func acceptingEarlyData(_ accepts: Bool) -> Self {
    var answer = self
    answer.acceptsEarlyData = accepts
    return answer
  }
}
