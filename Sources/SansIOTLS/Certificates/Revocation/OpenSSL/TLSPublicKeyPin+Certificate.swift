internal import CSansIOTLSOpenSSL

extension TLSPublicKeyPin {
  /// Computes the pin of a certificate's key.
  ///
  /// - Parameter certificate: the certificate of a peer, an intermediate or an authority. Its
  ///   ``TLSCertificate/PublicKey/sha256`` is the digest.
  ///
  /// Corresponds to `i2d_X509_PUBKEY(3)`. `X509_pubkey_digest(3)` digests the key without its algorithm, which is
  /// another value.
  public init(of certificate: TLSCertificate) { unsafe self.init(of: certificate.reference.x509) }

  /// - Parameter x509: an `X509`, valid during the call.
  init(of x509: OpaquePointer) {
    // A parsed certificate has a key; without memory there is an empty digest, which equals no pin.
    let key = unsafe LibraryDER.encoded { unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), $0) }
    sha256 = SHA256.digest(of: key[...])
  }
}
