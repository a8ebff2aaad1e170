extension TLSIdentity {
  /// Creates an identity whose private key is found by a URI: a file, or a key of a token that a provider of libcrypto
  /// reaches (PKCS#11, a TPM, …).
  ///
  /// A key of a token stays there: the token signs, on the thread that is in the engine, for as long as it takes. A
  /// token that is removed ends handshakes with ``TLSError/Code/openSSLFailure``, and internal_error for the peer.
  ///
  /// - Parameters:
  ///   - certificates: the chain, leaf first.
  ///   - privateKeyURI: `file:/absolute/path`, an absolute path, or a URI that a provider of the library loads,
  ///     for example `pkcs11:token=web;object=key;type=private`. Of several keys, 64 at most are examined, and the one
  ///     that belongs to the leaf is taken.
  ///   - passphrase: the passphrase of a file, or the PIN of a token; 1,024 bytes at most. A wrong PIN is tried once;
  ///     tokens count such attempts. Without one nothing is asked on a terminal.
  ///   - library: the library context whose providers load the key. A key of a device stays there, and signs for
  ///     contexts of any library; one of a file is copied.
  /// - Throws: ``TLSError`` with code `.keyNotFound`, `.keyDoesNotMatchCertificate`, `.unsupported` (no provider loads
  ///   such URIs), `.missingPassphrase`, `.wrongPassphrase`, `.unsupportedEncryption`, `.passphraseTooLong`,
  ///   `.containsNUL`, or `.invalidCertificate` if there is no certificate. No error shows the query of the URI, or a
  ///   PIN in it.
  ///
  /// Corresponds to `OSSL_STORE_open_ex(3)`.
  public init(
    certificates: [TLSCertificate], privateKeyURI: String, passphrase: String? = nil,
    library: TLSLibraryContext = .default
  ) throws(TLSError) {
    guard let leaf = certificates.first else {
      throw TLSError(.invalidCertificate, .local, hint: "the chain holds no certificate")
    }
    self.init(
      chain: certificates, key: try KeyStore(privateKeyURI, passphrase: passphrase, library: library).key(for: leaf))
  }

  /// Creates an identity from a certificate file, and a private key found by a URI.
  ///
  /// - Parameters:
  ///   - certificateFile: a PEM file, leaf first.
  ///   - privateKeyURI: see ``init(certificates:privateKeyURI:passphrase:library:)``.
  ///   - passphrase: the passphrase of a file, or the PIN of a token; 1,024 bytes at most.
  ///   - library: the library context whose providers load the key.
  /// - Throws: as ``init(certificates:privateKeyURI:passphrase:library:)``, and `.unreadableFile`.
  ///
  /// Corresponds to `BIO_new_file(3)` and `OSSL_STORE_open_ex(3)`.
  public init(
    certificateFile: String, privateKeyURI: String, passphrase: String? = nil, library: TLSLibraryContext = .default
  ) throws(TLSError) {
    try self.init(
      certificates: try Source.file(certificateFile, "certificateFile").certificates(), privateKeyURI: privateKeyURI,
      passphrase: passphrase, library: library)
  }
}
