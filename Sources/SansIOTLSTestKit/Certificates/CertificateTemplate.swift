/// The contents of a certificate; `signed` turns them into an X.509 version 3 certificate (RFC 5280).
struct CertificateTemplate {
  /// The use of a certificate: to issue others, or to prove one side of a connection.
  enum Role {
    case authority(pathLength: Int?)
    case leaf(purposes: [Purpose], names: [String], addresses: [String])
  }

  /// An extended key usage.
  enum Purpose {
    case server
    case client
    case codeSigning
    case ocspSigning
  }

  var subject: String
  var validity: TestIdentity.Validity
  var role: Role
  /// A rare property, for tests of what reads certificates.
  var peculiarity: TestIdentity.Peculiarity?
}
