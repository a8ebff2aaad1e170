/// The CRLs that a peer's certificates are checked against, and how many of its certificates are.
///
/// Every certificate that is checked needs the CRL of its issuer, current at the time of verification. Delta CRLs and
/// CRLs that another authority signs are not considered.
///
/// Corresponds to `X509_STORE_add_crl(3)` and `X509_V_FLAG_CRL_CHECK`.
public struct TLSRevocationLists: Sendable, Hashable {
  /// The CRLs.
  public let lists: [TLSRevocationList]
  /// Whether the certificates of the whole chain are checked, those of authorities included.
  public let coversChain: Bool

  /// Checks the peer's own certificate alone.
  ///
  /// - Parameter lists: the CRLs of the issuers of peers; at least one.
  /// - Returns: the setting.
  public static func leaf(_ lists: [TLSRevocationList]) -> TLSRevocationLists {
    TLSRevocationLists(lists: lists, coversChain: false)
  }

  /// Checks each certificate of the chain below the root.
  ///
  /// - Parameter lists: the CRLs of the issuers of peers, and of the issuers of those; at least one.
  /// - Returns: the setting.
  public static func chain(_ lists: [TLSRevocationList]) -> TLSRevocationLists {
    TLSRevocationLists(lists: lists, coversChain: true)
  }
}
