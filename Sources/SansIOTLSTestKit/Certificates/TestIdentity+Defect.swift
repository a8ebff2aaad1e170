extension TestIdentity {
  /// What can be wrong with an identity, one thing at a time.
  ///
  /// Each case names the verdict of X509_verify_cert(3) for a peer that trusts ``TestIdentity/authority``, or the local
  /// refusal if the identity cannot even be shown.
  public enum Defect: Hashable, Sendable, CaseIterable {
    /// The leaf held from 2010 to 2020: `X509_V_ERR_CERT_HAS_EXPIRED`.
    case expired
    /// The leaf will hold from 2120 on: `X509_V_ERR_CERT_NOT_YET_VALID`.
    case notYetValid
    /// The leaf is for `wrong.invalid` and for no address: `X509_V_ERR_HOSTNAME_MISMATCH` or
    /// `X509_V_ERR_IP_ADDRESS_MISMATCH`. A client is not checked for its name, so there it is no defect.
    case wrongName
    /// The leaf vouches for itself: `X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT`.
    case selfSigned
    /// The leaf comes from another authority: `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`.
    case unknownIssuer
    /// The leaf proves the other side only (code signing, where both sides were asked for):
    /// `X509_V_ERR_INVALID_PURPOSE`.
    case wrongUsage
    /// The leaf was issued through an intermediate that the chain leaves out:
    /// `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`.
    case missingIntermediate
    /// One bit of the leaf's signature is flipped: `X509_V_ERR_CERT_SIGNATURE_FAILURE`.
    case corruptedSignature
    /// The leaf was issued through 101 intermediates, one more than libssl's depth allows:
    /// `X509_V_ERR_CERT_CHAIN_TOO_LONG`. Minting them takes some 30 ms.
    case overlongChain
    /// The private key is that of another certificate: refused locally, before any handshake.
    case mismatchedKey
    /// The leaf's key is RSA with 1024 bits, whatever was asked for: from security level 2 on refused locally, and by a
    /// peer with `X509_V_ERR_EE_KEY_TOO_SMALL`.
    case weakKey
  }
}
