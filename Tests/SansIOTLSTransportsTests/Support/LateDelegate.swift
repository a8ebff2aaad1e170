import SansIOTLS
import SansIOTLSTransports
import Synchronization

/// A delegate that answers after the test allows it, even if it was cancelled.
final class LateDelegate: TLSStreamDelegate {
  private let state = Mutex((isAsked: false, isAllowed: false))
  var isAsked: Bool { state.withLock { $0.isAsked } }
  func allow() { state.withLock { $0.isAllowed = true } }
  func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates
  ) async -> TLSEngine.PeerCertificates.Answer {
    await wait()
    return .trust
  }

  func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer {
    await wait()
    return .serve
  }

  private func wait() async {
    state.withLock { $0.isAsked = true }
    while !state.withLock({ $0.isAllowed }) { await Task.yield() }
  }
}
