internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Certificates, CRLs and keys are data: what one library decoded, the library of a context decodes again.

extension TLSIdentity {
  /// The same chain and key for a context in another library, which then signs and draws random numbers.
  func copied(to library: TLSLibraryContext) throws(TLSError) -> TLSIdentity {
    var copy = TLSIdentity(chain: try chain.copied(to: library), key: try key.copied(to: library))
    copy.stapleHolder = stapleHolder
    return copy
  }
}

extension [TLSCertificate] {
  /// The same certificates for a context in another library. Certificates are decoded by the default one.
  func copied(to library: TLSLibraryContext) throws(TLSError) -> [TLSCertificate] {
    if library == TLSLibraryContext.default { return self }
    var copies: [TLSCertificate] = []
    for certificate in self { copies.append(try certificate.copied(to: library)) }
    return copies
  }
}

extension TLSCertificate {
  /// With the trust settings of OpenSSL that a trusted certificate may have (`TRUSTED CERTIFICATE` in PEM).
  fileprivate func copied(to library: TLSLibraryContext) throws(TLSError) -> TLSCertificate {
    var encoded: UnsafeMutablePointer<UInt8>?
    let count = Int(unsafe i2d_X509_AUX(reference.x509, &encoded))
    defer { unsafe CRYPTO_free(encoded, nil, 0) }
    var x509 = unsafe X509_new_ex(library.pointer, nil)
    var cursor = unsafe UnsafePointer(encoded)
    let isDecoded = unsafe count > 0 && d2i_X509_AUX(&x509, &cursor, count) != nil
    guard isDecoded, let x509 = unsafe x509 else {
      unsafe X509_free(x509)
      throw TLSError(
        .invalidCertificate, .local, hint: "\(library) cannot decode the certificate of \(subject)",
        openSSLErrors: ErrorQueue.take())
    }
    return unsafe TLSCertificate(adopting: x509)
  }
}

extension TLSRevocationList {
  /// The same list for a context in another library, by whose algorithms its signature is verified. Lists are decoded
  /// by the default one.
  func copied(to library: TLSLibraryContext) throws(TLSError) -> TLSRevocationList {
    if library == TLSLibraryContext.default { return self }
    var crl = unsafe X509_CRL_new_ex(library.pointer, nil)
    let isDecoded = unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_X509_CRL(&crl, &cursor, bytes.count) != nil
    }
    guard isDecoded, let crl = unsafe crl else {
      unsafe X509_CRL_free(crl)
      throw TLSError(
        .invalidRevocationList, .local, hint: "\(library) cannot decode the CRL of \(issuer)",
        openSSLErrors: ErrorQueue.take())
    }
    return unsafe TLSRevocationList(adopting: crl)
  }
}

extension PrivateKey {
  /// The key itself if the library has decoded it, or if it cannot leave its own; otherwise a copy.
  ///
  /// By way of PKCS#8: it holds the algorithm and its parameters with the key, and libcrypto zeroes it when it is
  /// freed. `EVP_PKEY_todata(3)` would copy the key into parameters that are not zeroed.
  fileprivate func copied(to library: TLSLibraryContext) throws(TLSError) -> PrivateKey {
    if self.library == library || !isExportable { return self }
    let info = unsafe EVP_PKEY2PKCS8(pkey)
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
    let copy = unsafe info.flatMap { unsafe EVP_PKCS82PKEY_ex($0, library.pointer, nil) }
    // Without a provider for this type of key, libcrypto makes one that its own code signs with, which the library's
    // providers and properties do not govern.
    guard let copy = unsafe copy, unsafe EVP_PKEY_get0_provider(copy) != nil else {
      unsafe EVP_PKEY_free(copy)
      throw TLSError(
        .invalidPrivateKey, .local,
        hint: "\(library) cannot decode the private key; its providers lack this type of key, or do not allow it",
        openSSLErrors: ErrorQueue.take())
    }
    return unsafe PrivateKey(adopting: copy, library: library)
  }
}
