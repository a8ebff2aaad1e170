internal import CSansIOTLSOpenSSL

/// A session that a client may resume: opaque, secret, and good for one connection in TLS 1.3.
///
/// A resumption shows no certificate: the peer is who it was when the session was made. So a session that does not prove
/// the server name asked for, or was made without checking the chain, is refused where that is checked; so is one whose
/// certificate is out of date by the context's time. Offered by another context than the one that it was made with, its
/// certificates are checked again, by that context's trust; and the other context must have the same identities, because the
/// server goes on with the client that it knows. The question about the peer's certificate is not asked again: a context that
/// asks takes its own sessions alone, and each of them for the whole ``TLSServerName`` that it was made for.
///
/// Corresponds to `SSL_SESSION`; see `SSL_CTX_sess_set_new_cb(3)`.
public struct TLSSession: Sendable {
  /// Owns one reference to an `SSL_SESSION`.
  ///
  /// `@unchecked`: the engine copies a session before libssl may change it, so this one stays as it came.
  @safe
  package final class Reference: @unchecked Sendable {
    package let session: OpaquePointer
    package let provenance: Provenance
    init(adopting session: OpaquePointer, _ provenance: Provenance) {
      unsafe self.session = session
      self.provenance = provenance
    }
    deinit { unsafe SSL_SESSION_free(session) }
  }

  /// The connection that a session was made by, as far as a later offer depends on it.
  package struct Provenance: Sendable {
    let origin: Origin
    /// In canonical form; see ``TLSServerName``.
    let serverName: TLSServerName
    /// The application accepted a certificate that was out of date at that time.
    let isAcceptedOutOfDate: Bool
  }

  /// The context that a session was made with, by its identity.
  package final class Origin: Sendable {
    /// The leaf certificates of the client's identities.
    let identities: Set<TLSCertificate>
    let pausesAtPeerCertificates: Bool

    init(identities: Set<TLSCertificate>, pausesAtPeerCertificates: Bool) {
      self.identities = identities
      self.pausesAtPeerCertificates = pausesAtPeerCertificates
    }
  }

  package let reference: Reference

  package init(adopting session: OpaquePointer, _ provenance: Provenance) {
    unsafe reference = Reference(adopting: session, provenance)
  }

  /// The version that the session was made with.
  public var version: TLSVersion {
    TLSVersion(rawValue: UInt16(truncatingIfNeeded: unsafe SSL_SESSION_get_protocol_version(reference.session)))
  }

  /// The length of the ticket, in bytes. Corresponds to `SSL_SESSION_get0_ticket(3)`.
  var ticketByteCount: Int {
    var ticket: UnsafePointer<UInt8>?
    var count = 0
    unsafe SSL_SESSION_get0_ticket(reference.session, &ticket, &count)
    return count
  }

  /// Whether libssl would offer it.
  public var isResumable: Bool { unsafe SSL_SESSION_is_resumable(reference.session) == 1 }
}

extension TLSSession: CustomStringConvertible {
  /// The version; never the secret.
  public var description: String { "TLSSession(\(version))" }
}
