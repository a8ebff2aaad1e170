import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// A delegate is tested without a handshake: what it is asked, and what it answers, are values that a test creates.
struct TLSStreamDelegateTests {
  /// Serves one name each by its context, and trusts certificates that it knows, even after their end.
  private struct Known: TLSStreamDelegate {
    let contexts: [String: TLSContext]
    let certificates: Set<TLSCertificate>

    func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer {
      guard let name = hello.serverName, let context = contexts[name] else { return .refuse(.unrecognizedName) }
      return hello.versions.contains(.tls13) ? .serve(with: context) : .serve
    }

    func answerPeerCertificates(
      _ presented: TLSEngine.PeerCertificates
    ) async -> TLSEngine.PeerCertificates.Answer {
      guard let leaf = presented.chain.first, certificates.contains(leaf) else { return .distrust(.certificateUnknown) }
      return presented.verification.isAccepted ? .followVerification : .trust
    }
  }

  private struct Silent: TLSStreamDelegate {}

  @Test func `a delegate chooses a context by the ClientHello`() async throws {
    let context = try TLSContext(.server(TestIdentity.server().identity))
    let other = try TLSContext(.server(TestIdentity.server().identity))
    let delegate = Known(contexts: ["one.example": context], certificates: [])
    #expect(await delegate.answerClientHello(.init(serverName: "one.example")) == .serve(with: context))
    #expect(await delegate.answerClientHello(.init(serverName: "one.example")) != .serve(with: other))
    #expect(await delegate.answerClientHello(.init(serverName: "one.example", versions: [.tls12])) == .serve)
    #expect(await delegate.answerClientHello(.init(serverName: "two.example")) == .refuse(.unrecognizedName))
    #expect(await delegate.answerClientHello(.init(serverName: nil)) != .refuse(.accessDenied))
  }

  @Test func `a delegate judges certificates by the verification`() async throws {
    let known = try TestIdentity.server().certificate
    let delegate = Known(contexts: [:], certificates: [known])
    let expired = TLSVerificationResult(code: 10, text: "certificate has expired", subject: "CN=localhost")
    func answer(_ chain: [TLSCertificate], _ verification: TLSVerificationResult) async
      -> TLSEngine.PeerCertificates.Answer
    {
      await delegate.answerPeerCertificates(.init(chain: chain, verification: verification, serverName: "localhost"))
    }
    #expect(await answer([known], .accepted) == .followVerification)
    #expect(await answer([known], expired) == .trust)
    #expect(await answer([], expired) == .distrust(.certificateUnknown))
    #expect(await answer([try TestIdentity.server().certificate], .accepted) == .distrust(.certificateUnknown))
  }

  @Test func `without an answer of its own a delegate follows the configuration`() async {
    #expect(await Silent().answerClientHello(.init(serverName: "localhost")) == .serve)
    let presented = TLSEngine.PeerCertificates(chain: [], verification: .accepted)
    #expect(await Silent().answerPeerCertificates(presented) == .followVerification)
    #expect(await Silent().answerCertificateRequest(.init()) == .presentConfigured)
  }
}
