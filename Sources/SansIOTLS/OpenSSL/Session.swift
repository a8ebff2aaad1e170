internal import CSansIOTLSOpenSSL

/// A session that a client may resume: opaque, secret, and good for one connection in TLS 1.3.
///
/// A resumption shows no certificate: the peer is who it was when the session was made. So a session belongs to the
/// configuration that it was made with; one that does not prove the server name asked for, or was made without checking
/// the chain, is refused where that is checked. The question about the peer's certificate is not asked again.
///
/// Corresponds to `SSL_SESSION`; see `SSL_CTX_sess_set_new_cb(3)`.
public struct TLSSession: Sendable {
  /// Owns one reference to an `SSL_SESSION`.
  ///
  /// `@unchecked`: the engine copies a session before libssl may change it, so this one stays as it came.
  @safe
  package final class Reference: @unchecked Sendable {
    package let session: OpaquePointer
    init(adopting session: OpaquePointer) { unsafe self.session = session }
    deinit { unsafe SSL_SESSION_free(session) }
  }

  package let reference: Reference

  package init(adopting session: OpaquePointer) { unsafe reference = Reference(adopting: session) }

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
