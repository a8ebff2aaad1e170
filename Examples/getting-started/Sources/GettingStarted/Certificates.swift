import SansIOTLS

// Guide: peer's account
/// The account of a client whose certificate was verified: its workload identity (SPIFFE), or its mail address.
///
/// - Parameter tls: an engine of a server that requires certificates, after its handshake.
/// - Returns: `nil` if the certificate has neither.
public func account(of tls: borrowing TLSEngine) -> String? {
  guard tls.negotiated != nil, let certificate = tls.peerCertificates.first else { return nil }
  return certificate.uris.first { $0.hasPrefix("spiffe://") } ?? certificate.mailAddresses.first
}
// Guide: end

// Guide: chain
/// The chain that the verification found, for a log: a line for each certificate.
public func chainLines(of tls: borrowing TLSEngine) -> [String] {
  tls.verifiedChain.map { certificate in
    "\(certificate.subject), serial \(certificate.serialNumber), \(certificate.publicKey), until second "
      + "\(certificate.notAfter ?? 0) of POSIX time"
  }
}
// Guide: end
