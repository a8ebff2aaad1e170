public import SansIOTLS

extension TestIdentity {
  /// Chain and key in the form that ``SansIOTLS/TLSContext`` takes.
  ///
  /// - Throws: ``SansIOTLS/TLSError`` if libssl refuses them, as with ``Defect/mismatchedKey``.
  public var identity: TLSIdentity {
    get throws(TLSError) { try TLSIdentity(derChain: chainDER, privateKey: privateKeyDER) }
  }

  /// The leaf's certificate.
  ///
  /// - Throws: ``SansIOTLS/TLSError`` if libcrypto cannot parse it.
  public var certificate: TLSCertificate {
    get throws(TLSError) { try TLSCertificate(der: certificateDER) }
  }

  /// What a peer is to trust in order to accept this identity, if it has no defect: the root of ``authority``.
  public var trust: TLSTrustRoots { authority.trust }
}
