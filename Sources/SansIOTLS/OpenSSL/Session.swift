internal import CSansIOTLSOpenSSL

/// A session that a client may resume: opaque, secret, and good for one connection in TLS 1.3.
///
/// A resumption shows no certificate: the peer is who it was when the session was made. So a session that does not prove
/// the server name asked for, or was made without checking the chain, is refused where that is checked. Offered by another
/// context than the one that it was made with, its certificates are checked anew, by that context's trust. The question about
/// the peer's certificate is not asked again: a context that asks takes its own sessions alone, and one that came of the answer
/// ``Answer/accept`` is good for the server name that was accepted.
///
/// Corresponds to `SSL_SESSION`; see `SSL_CTX_sess_set_new_cb(3)`.
public struct TLSSession: Sendable {
  /// Owns one reference to an `SSL_SESSION`.
  ///
  /// `@unchecked`: the engine copies a session before libssl may change it, so this one stays as it came.
  @safe
  package final class Reference: @unchecked Sendable {
    package let session: OpaquePointer
    package let origin: Origin
    /// Whom the application took the peer for, where libssl had not accepted its chain.
    package let acceptedFor: String?
    init(adopting session: OpaquePointer, origin: Origin, acceptedFor: String?) {
      unsafe self.session = session
      self.origin = origin
      self.acceptedFor = acceptedFor
    }
    deinit { unsafe SSL_SESSION_free(session) }
  }

  /// The context that a session was made with, by its identity.
  package final class Origin: Sendable {}

  package let reference: Reference

  package init(adopting session: OpaquePointer, origin: Origin, acceptedFor: String?) {
    unsafe reference = Reference(adopting: session, origin: origin, acceptedFor: acceptedFor)
  }

  /// The version that the session was made with.
  public var version: TLSVersion {
    TLSVersion(rawValue: UInt16(truncatingIfNeeded: unsafe SSL_SESSION_get_protocol_version(reference.session)))
  }

  /// Whether libssl would offer it.
  public var isResumable: Bool { unsafe SSL_SESSION_is_resumable(reference.session) == 1 }
}

extension TLSSession: CustomStringConvertible {
  /// The version; never the secret.
  public var description: String { "TLSSession(\(version))" }
}
