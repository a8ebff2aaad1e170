public import SansIOTLS

/// A certificate authority inside a test: no files, no installation, no expiry.
///
/// ```swift
/// let authority = TestAuthority()
/// let server = authority.issue(names: ["api.example"])
/// let client = authority.issue(subject: "Alice", usage: .client)
/// ```
///
/// Issuing takes a millisecond or two with keys on P-256. It uses libcrypto's random generator, so that no two
/// certificates are equal, unless a ``SeededWorld`` created the authority. A certificate that libcrypto refuses (with a
/// malformed address, or a key type that the machine's policy forbids) is a mistake in the test: the call traps with
/// libcrypto's reason.
public struct TestAuthority: Sendable {
  /// The common name.
  public let name: String
  /// This authority's certificate, in DER.
  public let certificateDER: [UInt8]
  /// The root's certificate in DER, which a peer has to trust. It is the authority's own, unless this is an
  /// intermediate.
  public let rootDER: [UInt8]

  /// The certificates from this authority up to below the root; empty for a root, which a peer has already.
  let chainDER: [[UInt8]]
  let key: MintedKey

  /// Creates a root authority.
  ///
  /// - Parameters:
  ///   - name: The common name.
  ///   - key: The type of the key that it signs with.
  ///   - validity: The validity period of its certificate.
  public init(
    name: String = "Test CA", key: TestIdentity.KeyType = .p256, validity: TestIdentity.Validity = .always
  ) {
    self.init(name: name, key: key, validity: validity, library: nil)
  }

  init(name: String, key: TestIdentity.KeyType, validity: TestIdentity.Validity, library: SeededLibrary?) {
    let minted = MintedKey(key, library: library)
    let template = CertificateTemplate(subject: name, validity: validity, role: .authority(pathLength: nil))
    let certificate = template.signed(for: minted, by: nil)
    self.init(name: name, certificateDER: certificate, rootDER: certificate, chainDER: [], key: minted)
  }

  private init(name: String, certificateDER: [UInt8], rootDER: [UInt8], chainDER: [[UInt8]], key: MintedKey) {
    self.name = name
    self.certificateDER = certificateDER
    self.rootDER = rootDER
    self.chainDER = chainDER
    self.key = key
  }

  /// This authority's certificate, in PEM.
  public var certificatePEM: [UInt8] { PEM.block("CERTIFICATE", certificateDER) }

  /// The root's certificate, in PEM.
  public var rootPEM: [UInt8] { PEM.block("CERTIFICATE", rootDER) }

  /// Issues an authority below this one.
  ///
  /// - Parameters:
  ///   - name: The common name.
  ///   - key: The type of the key that it signs with.
  ///   - validity: The validity period of its certificate.
  ///   - pathLength: The number of further authorities that may follow below it; `nil` for any number. With more,
  ///     verification fails with `X509_V_ERR_PATH_LENGTH_EXCEEDED`.
  /// - Returns: An authority whose leaves have this certificate (and those above it, below the root) in their chain.
  public func issueIntermediate(
    name: String = "Test Intermediate CA", key: TestIdentity.KeyType = .p256,
    validity: TestIdentity.Validity = .always, pathLength: Int? = nil
  ) -> TestAuthority {
    let minted = MintedKey(key, library: self.key.library)
    let template = CertificateTemplate(subject: name, validity: validity, role: .authority(pathLength: pathLength))
    let certificate = template.signed(for: minted, by: (self.name, self.key))
    return TestAuthority(
      name: name, certificateDER: certificate, rootDER: rootDER, chainDER: [certificate] + chainDER, key: minted)
  }

  /// Issues a leaf and its key.
  ///
  /// - Parameters:
  ///   - names: The DNS names, written into the certificate byte for byte, wildcards and NULs included. With neither
  ///     names nor addresses the certificate has no subject alternative name; only one for
  ///     ``TestIdentity/Usage/client`` has a name under `client.test` then, derived from its subject, since strict
  ///     verifiers require one.
  ///   - addresses: The IP addresses as text, IPv4 or IPv6.
  ///   - subject: The common name; `nil` for the first name or address, empty for none.
  ///   - key: The key type.
  ///   - validity: The validity period; `nil` for one year that began yesterday (in a ``SeededWorld`` by the world's
  ///     time).
  ///   - usage: The sides of a connection that may present it.
  ///   - defect: A defect, which overrides the other parameters; `nil` for none.
  /// - Returns: The identity, with a chain that is complete except for the root.
  public func issue(
    names: [String] = [], addresses: [String] = [], subject: String? = nil, key: TestIdentity.KeyType = .p256,
    validity: TestIdentity.Validity? = nil, usage: TestIdentity.Usage = .server,
    defect: TestIdentity.Defect? = nil
  ) -> TestIdentity {
    let library = self.key.library
    let minted = MintedKey(defect == .weakKey ? .rsa(bits: 1024) : key, library: library)
    let wrongName = defect == .wrongName
    let named = wrongName ? ["wrong.invalid"] : names
    let located = wrongName ? [] : addresses
    let subject =
      wrongName ? "wrong.invalid" : subject ?? (names + addresses).first { !$0.isEmpty } ?? "Test Identity"
    let needsName = usage == .client && named.isEmpty && located.isEmpty
    let now = library == nil ? Minting.now : SeededLibrary.time
    let template = CertificateTemplate(
      subject: subject,
      validity: defect == .expired ? .past : defect == .notYetValid ? .future : validity ?? .year(around: now),
      role: .leaf(
        purposes: purposes(usage, wrong: defect == .wrongUsage),
        names: needsName ? [Self.clientName(subject)] : named, addresses: located))
    let issuer: TestAuthority? =
      switch defect {
      case .selfSigned: nil
      case .unknownIssuer: TestAuthority(name: "Unknown CA", key: .p256, validity: .always, library: library)
      case .missingIntermediate: issueIntermediate()
      case .overlongChain:
        (1...101).reduce(self) { issuer, number in issuer.issueIntermediate(name: "Test Intermediate CA \(number)") }
      default: self
      }
    var leaf = template.signed(for: minted, by: issuer.map { ($0.name, $0.key) })
    if defect == .corruptedSignature {
      // The signature is the last element of a certificate; its last bit lies in a number, never in the structure.
      leaf[leaf.count - 1] ^= 1
    }
    return TestIdentity(
      authority: self,
      chainDER: [leaf] + (defect == .missingIntermediate ? [] : issuer?.chainDER ?? []),
      key: defect == .mismatchedKey ? MintedKey(key, library: library) : minted)
  }

  /// A DNS name for a client: its subject in letters, digits and hyphens, e.g. `test-client.client.test`.
  private static func clientName(_ subject: String) -> String {
    let label = subject.lowercased().unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil) ? String(scalar) : "-"
    }.joined()
    let trimmed = label.prefix(63).split(separator: "-").joined(separator: "-")
    return "\(trimmed.isEmpty ? "unnamed" : trimmed).client.test"
  }

  func purposes(_ usage: TestIdentity.Usage, wrong: Bool) -> [CertificateTemplate.Purpose] {
    switch usage {
    case .server: wrong ? [.client] : [.server]
    case .client: wrong ? [.server] : [.client]
    case .both: wrong ? [.codeSigning] : [.server, .client]
    }
  }
}

extension TestAuthority {
  /// This authority's certificate.
  ///
  /// - Throws: ``/SansIOTLS/TLSError`` if libcrypto cannot parse it.
  public var certificate: TLSCertificate {
    get throws(TLSError) { try TLSCertificate(der: certificateDER) }
  }

  /// The trust roots with which a peer accepts what this authority issues: its root.
  public var trust: TLSTrustRoots { .der(rootDER) }
}
