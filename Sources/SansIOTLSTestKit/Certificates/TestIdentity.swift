/// A certificate chain and its private key, minted inside the test.
///
/// ```swift
/// let identity = TestIdentity.server("api.example")
/// let server = try TLSContext(.server(identity.identity))
/// var trusting = TLSContext.Configuration.client()
/// trusting.trust = [identity.trust]
/// ```
///
/// ``server(_:addresses:key:defect:)`` and ``client(_:key:defect:)`` come with an authority of their own;
/// ``TestAuthority/issue(names:addresses:subject:key:validity:usage:defect:)`` has all the choices.
public struct TestIdentity: Sendable {
  /// The authority that a peer is meant to trust. With ``Defect/selfSigned`` and ``Defect/unknownIssuer`` it is not the
  /// one that issued the leaf.
  public let authority: TestAuthority
  /// The certificates in DER, leaf first, without the root.
  public let chainDER: [[UInt8]]

  let key: MintedKey

  /// A server's identity, issued by a new root.
  ///
  /// - Parameters:
  ///   - name: the DNS name.
  ///   - addresses: the IP addresses as text, IPv4 or IPv6.
  ///   - key: the kind of key.
  ///   - defect: what shall be wrong with it.
  /// - Returns: the identity, valid for a year.
  public static func server(
    _ name: String = "localhost", addresses: [String] = [], key: KeyType = .p256, defect: Defect? = nil
  ) -> TestIdentity {
    TestAuthority().issue(names: [name], addresses: addresses, key: key, usage: .server, defect: defect)
  }

  /// A client's identity, issued by a new root.
  ///
  /// - Parameters:
  ///   - subject: the common name.
  ///   - key: the kind of key.
  ///   - defect: what shall be wrong with it.
  /// - Returns: the identity, valid for a year.
  public static func client(
    _ subject: String = "Test Client", key: KeyType = .p256, defect: Defect? = nil
  ) -> TestIdentity {
    TestAuthority().issue(subject: subject, key: key, usage: .client, defect: defect)
  }

  /// The leaf's certificate, in DER.
  public var certificateDER: [UInt8] { chainDER[0] }

  /// The leaf's certificate, in PEM.
  public var certificatePEM: [UInt8] { PEM.block("CERTIFICATE", certificateDER) }

  /// The chain in PEM, leaf first, without the root: what a server keeps in its certificate file.
  public var chainPEM: [UInt8] { chainDER.flatMap { PEM.block("CERTIFICATE", $0) } }

  /// The private key as PKCS #8 in DER, not encrypted.
  public var privateKeyDER: [UInt8] { key.pkcs8 }

  /// The private key as PKCS #8 in PEM, not encrypted.
  public var privateKeyPEM: [UInt8] { PEM.block("PRIVATE KEY", key.pkcs8) }

  /// The private key as PKCS #8 in DER, encrypted with PBES2 and AES-256-CBC.
  ///
  /// - Parameter passphrase: what the key is derived from, in UTF-8.
  /// - Returns: other bytes on each call, as the salt is random.
  public func privateKeyDER(passphrase: String) -> [UInt8] { key.pkcs8(passphrase: passphrase) }

  /// The private key as PKCS #8 in PEM, encrypted with PBES2 and AES-256-CBC.
  ///
  /// - Parameter passphrase: what the key is derived from, in UTF-8.
  /// - Returns: other bytes on each call, as the salt is random.
  public func privateKeyPEM(passphrase: String) -> [UInt8] {
    PEM.block("ENCRYPTED PRIVATE KEY", key.pkcs8(passphrase: passphrase))
  }

  /// Chain and key as one PKCS #12 file, encrypted with PBES2 and AES-256-CBC, authenticated with HMAC-SHA-256.
  ///
  /// With ``Defect/mismatchedKey`` no certificate in the file is marked as the key's.
  ///
  /// - Parameter passphrase: protects the file, without a NUL.
  /// - Returns: other bytes on each call, as the salts are random.
  public func pkcs12(passphrase: String) -> [UInt8] {
    key.pkcs12(chain: chainDER, passphrase: passphrase)
  }
}
