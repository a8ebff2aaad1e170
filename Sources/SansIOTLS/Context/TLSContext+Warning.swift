extension TLSContext {
  /// Something about a configuration that works now and may not work as meant.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Warning: Sendable, Hashable, CustomStringConvertible {
    /// The identity of this subject has expired at the time of verification.
    case expiredIdentity(subject: String)
    /// The identity of this subject is not valid yet.
    case notYetValidIdentity(subject: String)
    /// A certificate of this subject that is sent after an identity's own has expired at the time of verification.
    case expiredIntermediate(subject: String)
    /// A certificate of this subject that is sent after an identity's own is not valid yet.
    case notYetValidIntermediate(subject: String)
    /// The groups hold no NIST curve: TLS 1.2 servers with an ECDSA certificate will be out of reach.
    case groupsExcludeCommonCertificates
    /// The identity of this subject cannot be used in this version, for this reason.
    case unusableIdentity(subject: String, version: TLSVersion, reason: String)
    /// The security level does not allow this one of the signature schemes.
    case forbiddenSignatureScheme(TLSSignatureScheme)
    /// The system has no trusted authorities: there is nothing in this file, nor in this directory (or several, with
    /// colons between).
    case emptySystemTrust(file: String, directory: String)
    /// A trust directory holds no certificate under a hashed name, as `openssl rehash` creates them.
    case emptyTrustDirectory(path: String)
    /// libssl cannot execute this command of the system's policy (`ssl_conf` in openssl.cnf), and ignores it.
    case ignoredPolicy(command: String)
    /// One key is pinned and no other backs it up: if the peer loses or changes it, the peer is out of reach.
    case pinWithoutBackup(TLSPublicKeyPin)
    /// The CRL of this issuer has expired at the time of verification: certificates of the issuer will be refused.
    case expiredRevocationList(issuer: String)
    /// The CRL of this issuer is not valid yet.
    case notYetValidRevocationList(issuer: String)
    /// The OCSP staple of the identity of this subject has expired at the time of verification.
    case expiredStaple(subject: String)
    /// The OCSP staple of the identity of this subject states nothing about its certificate.
    case stapleOfAnotherCertificate(subject: String)
    /// The certificate of the identity of this subject requires an OCSP staple (must-staple), and it has no holder of
    /// one.
    case missingStaple(subject: String)
    /// Records are to be padded, and those of this version, which is allowed, cannot be.
    case unpaddedRecords(TLSVersion)
    /// A pre-shared key cannot be used in TLS 1.2, for this reason.
    case preSharedKeysInTLS13Alone(reason: String)
    /// This suite of TLS 1.2 uses a pre-shared key without forward secrecy: anyone who learns the key later can read
    /// what was recorded.
    case preSharedKeyWithoutForwardSecrecy(suite: String)
    /// A server has trust roots or client authorities, and does not ask clients for certificates.
    case unusedTrust

    /// The warning in words.
    public var description: String {
      switch self {
      case .expiredIdentity(let subject): "the certificate of \(subject.printable) has expired; peers will refuse it"
      case .notYetValidIdentity(let subject):
        "the certificate of \(subject.printable) is not valid yet; peers will refuse it"
      case .expiredIntermediate(let subject):
        "the chain's certificate of \(subject.printable) has expired; peers without a newer one will refuse the chain"
      case .notYetValidIntermediate(let subject):
        "the chain's certificate of \(subject.printable) is not valid yet; peers will refuse the chain"
      case .groupsExcludeCommonCertificates:
        "without secp256r1 (P-256) or secp384r1 (P-384) among the groups, TLS 1.2 fails with servers that have "
          + "an ECDSA certificate"
      case .unusableIdentity(let subject, let version, let reason):
        "the certificate of \(subject) cannot be used in \(version): \(reason)"
      case .forbiddenSignatureScheme(let scheme): "the security level does not allow the signature scheme \(scheme)"
      case .emptySystemTrust(let file, let directory):
        "the system's trust store is empty: there are no certificates in \(file) or \(directory); install its "
          + "authorities (ca-certificates), or name other trust roots"
      case .emptyTrustDirectory(let path):
        "the trust directory \(path) holds no certificate under a hashed name; run openssl rehash on it"
      case .ignoredPolicy(let command):
        "libssl ignores a line of the system's policy, openssl.cnf, that it does not know: \(command.printable)"
      case .pinWithoutBackup(let pin):
        "\(pin) is the only pinned key; pin a key in reserve too, or its loss puts the peer out of reach"
      case .expiredRevocationList(let issuer):
        "the CRL of \(issuer.printable) has expired; this side will refuse certificates of that issuer"
      case .notYetValidRevocationList(let issuer):
        "the CRL of \(issuer.printable) is not valid yet; this side will refuse certificates of that issuer"
      case .expiredStaple(let subject):
        "the OCSP staple of \(subject.printable) has expired; clients that look at it will refuse the certificate"
      case .stapleOfAnotherCertificate(let subject):
        "the OCSP staple of \(subject.printable) is about another certificate; clients that look at it will refuse it"
      case .missingStaple(let subject):
        "the certificate of \(subject.printable) requires an OCSP staple and has none; set stapleHolder"
      case .unpaddedRecords(let version):
        "records.paddingByteCount has no effect in \(version), which is allowed; set minimumVersion to TLS 1.3 to pad "
          + "all connections"
      case .preSharedKeysInTLS13Alone(let reason): "the pre-shared keys have no effect in TLS 1.2: \(reason)"
      case .preSharedKeyWithoutForwardSecrecy(let suite):
        "\(suite) has no forward secrecy: anyone who learns the pre-shared key can read recorded connections; use "
          + "ECDHE-PSK or DHE-PSK"
      case .unusedTrust:
        "trustRoots and clientAuthorities are of no effect while clientAuthentication is .none: clients are not "
          + "asked for a certificate"
      }
    }
  }
}
