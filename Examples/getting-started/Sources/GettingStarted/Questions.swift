import SansIOTLS
import SansIOTLSTransports

// Guide: contexts by name
/// Serves each server name with a context of its own, and refuses any other.
struct VirtualHosts: TLSStreamDelegate {
  let contexts: [String: TLSContext]

  func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer {
    guard let name = hello.serverName, let context = contexts[name] else { return .refuse(.unrecognizedName) }
    return .serve(with: context)
  }
}
// Guide: end

// Guide: pin
/// Accepts one certificate alone, if it also passes the verification.
struct Pinned: TLSStreamDelegate {
  let certificate: TLSCertificate

  func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates
  ) async -> TLSEngine.PeerCertificates.Answer {
    certificates.chain.first == certificate ? .followVerification : .distrust(.certificateUnknown)
  }
}
// Guide: end

// Guide: client certificates
/// Serves the clients that an account exists for, as long as it exists.
struct Accounts: TLSStreamDelegate {
  let isActive: @Sendable (TLSCertificate) async -> Bool

  func answerPeerCertificates(
    _ client: TLSEngine.PeerCertificates
  ) async -> TLSEngine.PeerCertificates.Answer {
    guard client.verification.isAccepted, let leaf = client.chain.first else { return .followVerification }
    return await isActive(leaf) ? .followVerification : .distrust(.accessDenied)
  }
}
// Guide: end

// Guide: certificate request
/// Presents the identity that one of the server's authorities issued, if there is one.
struct Wallet: TLSStreamDelegate {
  let identities: [TLSIdentity]

  func answerCertificateRequest(
    _ request: TLSEngine.CertificateRequest
  ) async -> TLSEngine.CertificateRequest.Answer {
    let issuers = Set(request.authorities)
    let identity = identities.first { $0.chain.contains { issuers.contains($0.issuer) } }
    return identity.map { .present($0) } ?? .presentNothing
  }
}
// Guide: end

// Guide: answer
/// Answers the question of an engine, if it has one.
func answer(_ tls: inout TLSEngine, hosts: [String: TLSContext]) throws(TLSError) {
  switch tls.question {
  case .clientHello(let hello):
    guard let context = hosts[hello.serverName ?? ""] else { return try tls.answer(.refuse(.unrecognizedName)) }
    try tls.answer(.serve(with: context))
  case .some: try tls.answerAsConfigured()
  case nil: break
  }
}
// Guide: end

// Guide: JA3
/// The text that JA3 hashes to recognize a client's software: numbers in the client's order, without GREASE.
func ja3(_ hello: TLSEngine.ClientHello) -> String {
  func joined(_ numbers: [UInt16]) -> String { numbers.map { "\($0)" }.joined(separator: "-") }
  let suites = hello.cipherSuites.filter { !$0.isGREASE }.map(\.rawValue)
  let extensions = hello.extensions.filter { !$0.isGREASE }.map(\.type)
  let groups = hello.groups.filter { !$0.isGREASE }.map(\.rawValue)
  return "\(hello.legacyVersion?.rawValue ?? 0),\(joined(suites)),\(joined(extensions)),\(joined(groups)),"
    + joined(hello.pointFormats.map(UInt16.init))
}
// Guide: end

// Guide: services
/// A service of a host that has several, such as mail beside the web: a client that was led here by mistake, or by
/// an attacker on the path, is refused.
func service(_ identity: TLSIdentity, protocols: [String]) throws(TLSError) -> TLSContext {
  var configuration = TLSContext.Configuration.server(identity)
  configuration.applicationProtocols = protocols  // name it even if there is only one
  configuration.serverNameMismatch = .refuse
  return try TLSContext(configuration)
}
// Guide: end
