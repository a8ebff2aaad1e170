extension TestIdentity {
  /// A defect of an identity.
  ///
  /// Each case names the result of X509_verify_cert(3) for a peer that trusts ``TestIdentity/authority``, or the local
  /// error if the identity cannot be used at all.
  ///
  /// ```swift
  /// let expired = TestIdentity.server(defect: .expired)
  /// ```
  public enum Defect: Hashable, Sendable, CaseIterable {
    /// The leaf was valid from 2010 to 2020: `X509_V_ERR_CERT_HAS_EXPIRED`.
    case expired
    /// The leaf is valid from 2120: `X509_V_ERR_CERT_NOT_YET_VALID`.
    case notYetValid
    /// The leaf is for `wrong.invalid` and for no address: `X509_V_ERR_HOSTNAME_MISMATCH` or
    /// `X509_V_ERR_IP_ADDRESS_MISMATCH`. The name of a client is not verified, so for clients it is no defect.
    case wrongName
    /// The leaf is signed by itself: `X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT`.
    case selfSigned
    /// The leaf was issued by another authority: `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`.
    case unknownIssuer
    /// The leaf is for the other side only (code signing, if both sides were requested):
    /// `X509_V_ERR_INVALID_PURPOSE`.
    case wrongUsage
    /// The leaf was issued through an intermediate that the chain omits:
    /// `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`.
    case missingIntermediate
    /// One bit of the leaf's signature is flipped: `X509_V_ERR_CERT_SIGNATURE_FAILURE`.
    case corruptedSignature
    /// The leaf was issued through 101 intermediates, one more than libssl's depth allows:
    /// `X509_V_ERR_CERT_CHAIN_TOO_LONG`. Issuing them takes some 30 ms.
    case overlongChain
    /// The private key is that of another certificate: rejected locally, before any handshake.
    case mismatchedKey
    /// The leaf's key is RSA with 1024 bits, whatever was requested: from security level 2 rejected locally, and by a
    /// peer with `X509_V_ERR_EE_KEY_TOO_SMALL`.
    case weakKey
  }
}
