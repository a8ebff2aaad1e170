/// A certificate chain and the private key of its leaf.
///
/// The key is parsed once and held by libcrypto, which zeroes it when the last copy of the value is destroyed. Whether
/// the key belongs to the certificate is checked when a ``TLSContext`` is created.
public struct TLSIdentity: Sendable {
  /// The certificates that are sent, leaf first.
  public let chain: [TLSCertificate]
  let key: PrivateKey
  /// The holder of the OCSP staple that a server sends with the certificate; `nil` for none.
  public var stapleHolder: TLSStapleHolder?

  init(chain: [TLSCertificate], key: PrivateKey) {
    self.chain = chain
    self.key = key
  }

  /// Creates an identity from PEM text. The bytes are parsed and not kept.
  ///
  /// - Parameters:
  ///   - pemChain: one or more `CERTIFICATE` blocks, leaf first.
  ///   - privateKey: the key in PEM or DER form, encrypted or not; of several the first that can be read.
  ///   - passphrase: opens an encrypted key; 1,024 bytes at most.
  ///   - library: decodes the key. A context of another library decodes it again.
  /// - Throws: ``TLSError`` with code `.invalidCertificate`, `.invalidPrivateKey`, `.missingPassphrase`,
  ///   `.wrongPassphrase`, `.unsupportedEncryption` or `.passphraseTooLong`.
  ///
  /// Corresponds to `PEM_read_bio_X509(3)` and `OSSL_DECODER(3)`.
  public init(
    pemChain: [UInt8], privateKey: [UInt8], passphrase: String? = nil, library: TLSLibraryContext = .default
  ) throws(TLSError) {
    self.init(
      chain: try TLSCertificate.bundle(pem: pemChain),
      key: try PrivateKey.parse(.bytes(privateKey), passphrase: passphrase, library: library))
  }

  /// Creates an identity from a chain of DER certificates and a key. The bytes are parsed and not kept.
  ///
  /// - Parameters:
  ///   - derChain: at least one certificate, leaf first.
  ///   - privateKey: the key in DER (PKCS#8, PKCS#1, SEC 1) or PEM form, encrypted or not.
  ///   - passphrase: opens an encrypted key; 1,024 bytes at most.
  ///   - library: decodes the key. A context of another library decodes it again.
  /// - Throws: as ``init(pemChain:privateKey:passphrase:library:)``.
  ///
  /// Corresponds to `d2i_X509(3)` and `OSSL_DECODER(3)`.
  public init(
    derChain: [[UInt8]], privateKey: [UInt8], passphrase: String? = nil, library: TLSLibraryContext = .default
  ) throws(TLSError) {
    var chain: [TLSCertificate] = []
    for der in derChain { chain.append(try TLSCertificate(der: der)) }
    if chain.isEmpty { throw TLSError(.invalidCertificate, .local, hint: "the chain holds no certificate") }
    self.init(chain: chain, key: try PrivateKey.parse(.bytes(privateKey), passphrase: passphrase, library: library))
  }

  /// Creates an identity from files; libcrypto opens them.
  ///
  /// - Parameters:
  ///   - certificateFile: a PEM file, leaf first.
  ///   - privateKeyFile: a PEM or DER file; it may be the same.
  ///   - passphrase: opens an encrypted key; 1,024 bytes at most.
  ///   - library: decodes the key. A context of another library decodes it again.
  /// - Throws: as ``init(pemChain:privateKey:passphrase:library:)``, and `.unreadableFile` or `.containsNUL`. A file
  ///   has 64 MiB at most.
  ///
  /// Corresponds to `BIO_new_file(3)`.
  public init(
    certificateFile: String, privateKeyFile: String, passphrase: String? = nil, library: TLSLibraryContext = .default
  ) throws(TLSError) {
    self.init(
      chain: try Source.file(certificateFile, "certificateFile").certificates(),
      key: try PrivateKey.parse(.file(privateKeyFile, "privateKeyFile"), passphrase: passphrase, library: library))
  }

  /// Creates an identity from a PKCS#12 bundle: one key, its certificate, and the rest of the chain. The bytes are not
  /// kept.
  ///
  /// - Parameters:
  ///   - pkcs12: the bundle in DER form, with one private key.
  ///   - passphrase: the bundle's passphrase, empty if it has none; 1,024 bytes at most, without a NUL.
  ///   - library: decodes the bundle, for example one with the provider `legacy`.
  /// - Throws: ``TLSError`` with code `.invalidPKCS12`, `.wrongPassphrase`, `.unsupportedEncryption`,
  ///   `.passphraseTooLong` or `.containsNUL`.
  ///
  /// Corresponds to `PKCS12_parse(3)`.
  public init(
    pkcs12: [UInt8], passphrase: String, library: TLSLibraryContext = .default
  ) throws(TLSError) {
    let (chain, key) = try PKCS12Bundle(pkcs12, library: library).contents(passphrase: passphrase)
    self.init(chain: chain, key: key)
  }
}

extension TLSIdentity: CustomStringConvertible {
  /// The leaf's subject; never the key.
  public var description: String { "TLSIdentity(\(chain[0].subject))" }
}

extension TLSIdentity: Hashable {
  /// Returns whether the chains and the keys are equal, and the holder of staples is the same.
  public static func == (left: TLSIdentity, right: TLSIdentity) -> Bool {
    left.chain == right.chain && left.stapleHolder == right.stapleHolder && left.key.isEqual(to: right.key)
  }

  /// Hashes the chain.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(chain) }
}
