/// What a certificate shall say; `signed` turns it into an X.509 version 3 certificate (RFC 5280).
struct CertificateTemplate {
  /// Whether a certificate may issue others, or which side of a connection it proves.
  enum Role {
    case authority(pathLength: Int?)
    case leaf(purposes: [Purpose], names: [String], addresses: [String])
  }

  /// An extended key usage.
  enum Purpose {
    case server
    case client
    case codeSigning
  }

  var subject: String
  var validity: TestIdentity.Validity
  var role: Role
}
