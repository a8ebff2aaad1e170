import SansIOTLS

/// Parses the input as every kind of encoded material. Nothing may be accepted in part, and nothing may crash.
func fuzzMaterial(_ input: [UInt8]) {
  if let certificate = try? TLSCertificate(der: input) {
    precondition(!certificate.der.isEmpty)
    _ = certificate.subject
    _ = certificate.issuer
  }
  _ = try? TLSCertificate.bundle(pem: input)
  _ = try? TLSIdentity(pemChain: input, privateKey: input, passphrase: "secret")
  _ = try? TLSIdentity(pkcs12: input, passphrase: "secret")
  var configuration = TLSContext.Configuration.client()
  configuration.trustRoots = [.pem(input), .der(input)]
  _ = try? TLSContext(configuration)
}
