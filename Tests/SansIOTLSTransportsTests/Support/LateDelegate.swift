import SansIOTLS
import SansIOTLSTransports
import Synchronization

/// A delegate that answers after the test allows it, even if it was cancelled.
final class LateDelegate: TLSStreamDelegate {
  private let state = Mutex((isAsked: false, isAllowed: false))
  var isAsked: Bool { state.withLock { $0.isAsked } }
  func allow() { state.withLock { $0.isAllowed = true } }
  func answer(_ question: TLSEngine.Question) async -> TLSEngine.Answer {
    state.withLock { $0.isAsked = true }
    while !state.withLock({ $0.isAllowed }) { await Task.yield() }
    return .accept
  }
}
