internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// A certificate chain and the private key of its leaf: who one side is.
///
/// The key is parsed once and held by libcrypto, which zeroes it when the last copy of the value goes. That the key is the
/// certificate's is checked when a ``TLSContext`` is made.
public struct TLSIdentity: Sendable {
  /// The certificates that are sent, leaf first.
  public let chain: [TLSCertificate]
  let key: PrivateKey

  init(chain: [TLSCertificate], key: PrivateKey) {
    self.chain = chain
    self.key = key
  }

  /// Takes chain and key as PEM text. The bytes are parsed and not kept.
  ///
  /// - Parameters:
  ///   - pemChain: one or more `CERTIFICATE` blocks, leaf first.
  ///   - privateKey: the key in PEM or DER form, encrypted or not.
  ///   - passphrase: opens an encrypted key; 1,024 bytes at most.
  /// - Throws: ``TLSError`` with code `.invalidCertificate`, `.invalidPrivateKey`, `.missingPassphrase`,
  ///   `.wrongPassphrase` or `.passphraseTooLong`.
  ///
  /// Corresponds to `PEM_read_bio_X509(3)` and `PEM_read_bio_PrivateKey(3)`.
  public init(pemChain: [UInt8], privateKey: [UInt8], passphrase: String? = nil) throws(TLSError) {
    self.init(
      chain: try TLSCertificate.bundle(pem: pemChain),
      key: try PrivateKey.parse(.bytes(privateKey), passphrase: passphrase))
  }

  /// Takes a chain of DER certificates and a key. The bytes are parsed and not kept.
  ///
  /// - Parameters:
  ///   - derChain: at least one certificate, leaf first.
  ///   - privateKey: the key in DER (PKCS#8, PKCS#1, SEC 1) or PEM form, encrypted or not.
  ///   - passphrase: opens an encrypted key; 1,024 bytes at most.
  /// - Throws: as ``init(pemChain:privateKey:passphrase:)``.
  ///
  /// Corresponds to `d2i_X509(3)` and `d2i_PrivateKey_bio(3)`.
  public init(derChain: [[UInt8]], privateKey: [UInt8], passphrase: String? = nil) throws(TLSError) {
    var chain: [TLSCertificate] = []
    for der in derChain { chain.append(try TLSCertificate(der: der)) }
    if chain.isEmpty { throw TLSError(.invalidCertificate, .local, hint: "the chain holds no certificate") }
    self.init(chain: chain, key: try PrivateKey.parse(.bytes(privateKey), passphrase: passphrase))
  }

  /// Reads chain and key from files; libcrypto opens them.
  ///
  /// - Parameters:
  ///   - certificateFile: a PEM file, leaf first.
  ///   - privateKeyFile: a PEM or DER file; it may be the same.
  ///   - passphrase: opens an encrypted key; 1,024 bytes at most.
  /// - Throws: as ``init(pemChain:privateKey:passphrase:)``, and `.unreadableFile`.
  ///
  /// Corresponds to `BIO_new_file(3)`.
  public init(certificateFile: String, privateKeyFile: String, passphrase: String? = nil) throws(TLSError) {
    self.init(
      chain: try Source.file(certificateFile, "certificateFile").certificates(),
      key: try PrivateKey.parse(.file(privateKeyFile, "privateKeyFile"), passphrase: passphrase))
  }

  /// Takes a PKCS#12 bundle: one key, its certificate, and what else of the chain it holds. The bytes are not kept.
  ///
  /// - Parameters:
  ///   - pkcs12: the bundle in DER form.
  ///   - passphrase: the bundle's passphrase, empty if it has none; 1,024 bytes at most.
  /// - Throws: ``TLSError`` with code `.invalidPKCS12`, `.wrongPassphrase` or `.passphraseTooLong`.
  ///
  /// Corresponds to `PKCS12_parse(3)`.
  public init(pkcs12: [UInt8], passphrase: String) throws(TLSError) {
    if passphrase.utf8.count > PrivateKey.passphraseLimit {
      throw TLSError(
        .passphraseTooLong, .local,
        hint: "the passphrase has \(passphrase.utf8.count) bytes; libcrypto takes \(PrivateKey.passphraseLimit)")
    }
    let (chain, key) = try unsafe Source.bytes(pkcs12).withBIO { (bio) throws(TLSError) in
      guard let bundle = unsafe d2i_PKCS12_bio(bio, nil) else {
        throw TLSError(
          .invalidPKCS12, .local, hint: "the bytes are not a PKCS#12 bundle in DER form", library: ErrorQueue.take())
      }
      defer { unsafe PKCS12_free(bundle) }
      var pkey: OpaquePointer?
      var leaf: OpaquePointer?
      var others: OpaquePointer?
      // An empty passphrase and none are encoded differently; PKCS12_parse tries both when it is given none.
      let opened = try unsafe passphrase.withCText("the passphrase of the PKCS#12 bundle") { text in
        unsafe PKCS12_parse(bundle, passphrase.isEmpty ? nil : text, &pkey, &leaf, &others)
      }
      defer { unsafe sitls_x509_stack_free_all(others) }
      let entries = ErrorQueue.take()
      guard opened == 1 else {
        let isPassphrase = entries.contains { $0.reasonCode == Int(PKCS12_R_MAC_VERIFY_FAILURE) }
        throw TLSError(
          isPassphrase ? .wrongPassphrase : .invalidPKCS12, .local,
          hint: isPassphrase ? "the passphrase does not open the PKCS#12 bundle" : "the PKCS#12 bundle cannot be read",
          library: entries)
      }
      let key = unsafe pkey.map { unsafe PrivateKey(adopting: $0) }
      let own = unsafe leaf.map { unsafe TLSCertificate(adopting: $0) }
      guard let key, let own else {
        throw TLSError(.invalidPKCS12, .local, hint: "the PKCS#12 bundle lacks a private key or its certificate")
      }
      return ([own] + (unsafe TLSCertificate.references(in: others)), key)
    }
    self.init(chain: chain, key: key)
  }
}

extension TLSIdentity: CustomStringConvertible {
  /// The leaf's subject; never the key.
  public var description: String { "TLSIdentity(\(chain[0].subject))" }
}
