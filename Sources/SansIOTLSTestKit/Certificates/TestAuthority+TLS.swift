public import SansIOTLS

extension TestAuthority {
  /// This authority's certificate.
  ///
  /// - Throws: ``SansIOTLS/TLSError`` if libcrypto cannot parse it.
  public var certificate: TLSCertificate {
    get throws(TLSError) { try TLSCertificate(der: certificateDER) }
  }

  /// What a peer is to trust in order to accept what this authority issues: its root.
  public var trust: TLSTrustRoots { .der(rootDER) }
}
