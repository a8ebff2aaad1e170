public import SansIOTLS

extension TestIdentity {
  /// An OCSP response about an identity, good or bad on purpose.
  public enum StapleKind: Hashable, Sendable, CaseIterable {
    /// Good, signed by the issuer, from an hour ago to a week ahead.
    case good
    /// Good, signed by a responder that the issuer authorised.
    case goodByResponder
    /// Good, with SHA-256 instead of SHA-1 in the identifier of the certificate.
    case goodBySHA256
    /// Revoked an hour ago.
    case revoked
    /// Of a responder that does not know the certificate.
    case unknown
    /// Expired an hour ago.
    case expired
    /// Valid from an hour ahead.
    case notYetValid
    /// Without an end.
    case endless
    /// Good, signed by an authority that is not the issuer.
    case wrongSigner
    /// Good, signed by a certificate of the issuer that is not a responder's.
    case unauthorisedResponder
    /// Good, about another certificate of the issuer.
    case anotherCertificate
    /// No response, but its responder's statement that it should be asked later.
    case tryLater
    /// Bytes that are no response.
    case malformed
  }

  /// Issues an OCSP response about the leaf, in DER.
  ///
  /// - Parameters:
  ///   - kind: The kind of response.
  ///   - time: The time of issue, in seconds since 1970; `nil` for now.
  /// - Returns: The response, for ``/SansIOTLS/TLSStapleHolder`` (which accepts no malformed ones), or for the
  ///   `-status_file` of `openssl s_server`.
  public func staple(_ kind: StapleKind = .good, at time: Int64? = nil) -> [UInt8] {
    let now = time ?? (authority.key.library == nil ? Minting.now : SeededLibrary.time)
    let hour: Int64 = 3600
    let week = 7 * 24 * hour
    switch kind {
    case .malformed: return Array("no OCSP response".utf8)
    case .tryLater: return OCSPMinting.failure(3)
    default: break
    }
    let signer: (certificate: [UInt8], key: MintedKey)
    switch kind {
    case .goodByResponder: signer = authority.responder(isAuthorised: true)
    case .unauthorisedResponder: signer = authority.responder(isAuthorised: false)
    case .wrongSigner:
      let stranger = TestAuthority(name: "Another CA", key: .p256, validity: .always, library: authority.key.library)
      signer = (stranger.certificateDER, stranger.key)
    default: signer = (authority.certificateDER, authority.key)
    }
    let subject = kind == .anotherCertificate ? authority.issue(names: ["another.test"]).certificateDER : certificateDER
    let validity: Validity =
      switch kind {
      case .expired: Validity(notBefore: now - week, notAfter: now - hour)
      case .notYetValid: Validity(notBefore: now + hour, notAfter: now + week)
      default: Validity(notBefore: now - hour, notAfter: now + week)
      }
    return OCSPMinting.response(
      about: subject, issuedBy: authority.certificateDER, status: kind == .revoked ? 1 : kind == .unknown ? 2 : 0,
      digest: kind == .goodBySHA256 ? "SHA256" : "SHA1", from: validity.notBefore,
      until: kind == .endless ? nil : validity.notAfter, signedBy: signer)
  }

  /// The identity with a holder of a staple about it.
  ///
  /// - Parameters:
  ///   - kind: The kind of staple, which a holder accepts.
  ///   - time: The time of issue, in seconds since 1970; `nil` for now.
  /// - Returns: The chain, the key and the holder.
  /// - Throws: ``/SansIOTLS/TLSError`` if libssl refuses the identity, or the holder refuses the staple.
  public func stapled(_ kind: StapleKind = .good, at time: Int64? = nil) throws(TLSError) -> TLSIdentity {
    var identity = try self.identity
    identity.stapleHolder = try TLSStapleHolder(staple(kind, at: time))
    return identity
  }
}
