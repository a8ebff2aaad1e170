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
