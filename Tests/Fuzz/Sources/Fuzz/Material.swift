import SansIOTLS

/// Parses the input as every kind of encoded material. Nothing may be accepted in part, and nothing may crash.
func fuzzMaterial(_ input: [UInt8]) {
  if let certificate = try? TLSCertificate(der: input) {
    precondition(!certificate.der.isEmpty)
    _ = [certificate.subject, certificate.issuer].map { ($0.description, $0.commonName) }
    _ = [certificate.notBefore, certificate.notAfter]
    _ = "\(certificate.serialNumber) \(certificate.publicKey)"
    _ = certificate.extensions.map(\.type.description)
    precondition(certificate.dnsNames.allSatisfy { name in name.utf8.allSatisfy { (0x21...0x7e).contains($0) } })
    _ = certificate.alternativeNames.map(\.description)
    _ = certificate.keyUsage?.description
    _ = certificate.extendedKeyUsages?.map(\.description)
    precondition(certificate.pathLength == nil || certificate.isAuthority)
    _ = certificate.requiresStaple
    precondition(certificate.signedCertificateTimestamps.allSatisfy { $0.logID.count == 32 })
  }
  if let hello = TLSEngine.ClientHello(message: input) {
    precondition(hello.extensions.reduce(0) { $0 + 4 + $1.contents.count } < input.count)
    precondition(hello.legacyVersion != nil && hello.pointFormats.count < input.count)
  }
  precondition(TLSSignedCertificateTimestamp.list(input).allSatisfy { $0.logID.count == 32 })
  _ = try? TLSCertificate.bundle(pem: input)
  _ = try? TLSIdentity(pemChain: input, privateKey: input, passphrase: "secret")
  _ = try? TLSIdentity(pkcs12: input, passphrase: "secret")
  var configuration = TLSContext.Configuration.client()
  configuration.trustRoots = [.pem(input), .der(input)]
  _ = try? TLSContext(configuration)
}
