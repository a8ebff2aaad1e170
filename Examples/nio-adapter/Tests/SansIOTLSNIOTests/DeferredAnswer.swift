import NIOCore
import SansIOTLS
import SansIOTLSNIO

/// An answer that the test gives later.
final class DeferredAnswer {
  private(set) var asked = 0
  private var promise: EventLoopPromise<TLSEngine.Answer>?

  /// Answers the handler's questions.
  func answer(_ question: TLSEngine.Question, _ eventLoop: any EventLoop) -> EventLoopFuture<TLSEngine.Answer> {
    asked += 1
    let promise = eventLoop.makePromise(of: TLSEngine.Answer.self)
    self.promise = promise
    return promise.futureResult
  }

  func succeed(_ answer: TLSEngine.Answer) { promise?.succeed(answer) }
}
