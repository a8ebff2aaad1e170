internal import CSansIOTLSOpenSSL

/// A session that a client may resume: opaque, secret, and good for one connection in TLS 1.3.
///
/// A resumption sends no certificate: the peer's identity is the one verified when the session was created. A session
/// is refused if it does not prove the server name, or was created without verification, or its certificate is out of
/// date, as far as the configuration verifies these. Another context verifies the session's certificates again, by its
/// own trust roots; it must have the same identities, because the server continues with the client that it knows. A
/// context that asks which identity to present accepts only its own sessions, which continue with the identity of the
/// answer. The question of the peer's certificates is not asked again: a context that asks accepts only its own
/// sessions, each for the whole ``TLSServerName`` that it was created for. A context with pins accepts sessions of
/// contexts with the same pins alone, and one that asks for OCSP staples accepts those of connections whose staple, if
/// there was one, is still in date.
///
/// Corresponds to `SSL_SESSION`; see `SSL_CTX_sess_set_new_cb(3)`.
public struct TLSSession: Sendable {
  /// Owns one reference to an `SSL_SESSION`.
  ///
  /// `@unchecked`: the engine copies a session before libssl may change it, so this one stays as it was received.
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

  /// The connection that a session was made by, as far as a later offer depends on it. The sessions of connections that
  /// resume it share it where it is the same.
  package final class Provenance: Sendable {
    let origin: Origin
    /// In canonical form; see ``TLSServerName``.
    let serverName: TLSServerName
    /// The application accepted a certificate that was out of date at that time.
    let isAcceptedOutOfDate: Bool
    /// The peer's certificates, its own first. libssl's encoding of a session has its own alone.
    let chain: [TLSCertificate]
    /// The server's OCSP staple.
    let staple: StapleProof
    /// The identity of the pre-shared key that the server proved instead of a certificate.
    let preSharedIdentity: [UInt8]?
    /// The time during which the peer's own certificate is valid, in seconds since 1970; `nil` without one.
    let validity: Range<Int64>?

    init(
      origin: Origin, serverName: TLSServerName, isAcceptedOutOfDate: Bool, chain: [TLSCertificate],
      staple: StapleProof, preSharedIdentity: [UInt8]?
    ) {
      self.origin = origin
      self.serverName = serverName
      self.isAcceptedOutOfDate = isAcceptedOutOfDate
      self.chain = chain
      self.staple = staple
      self.preSharedIdentity = preSharedIdentity
      validity = unsafe TLSCertificate.validity(of: chain.first?.reference.x509)
    }
  }

  /// The context that a session was made with, by its identity.
  package final class Origin: Sendable {
    /// The leaf certificates of the client's identities.
    let identities: Set<TLSCertificate>
    let pausesAtPeerCertificates: Bool
    let pausesAtCertificateRequest: Bool
    /// See ``TLSContext/Configuration/sessionDomain``.
    let domain: String?
    let pins: Set<TLSPublicKeyPin>

    init(
      identities: Set<TLSCertificate>, pausesAtPeerCertificates: Bool, pausesAtCertificateRequest: Bool,
      domain: String?,
      pins: Set<TLSPublicKeyPin>
    ) {
      self.identities = identities
      self.pausesAtPeerCertificates = pausesAtPeerCertificates
      self.pausesAtCertificateRequest = pausesAtCertificateRequest
      self.domain = domain
      self.pins = pins
    }

    /// Whether the applications of both contexts are one, by the domain that they name.
    func sharesDomain(with other: Origin) -> Bool { domain != nil && domain == other.domain }
  }

  package let reference: Reference

  package init(adopting session: OpaquePointer, _ provenance: Provenance) {
    unsafe reference = Reference(adopting: session, provenance)
  }

  /// The version that the session was created with.
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
