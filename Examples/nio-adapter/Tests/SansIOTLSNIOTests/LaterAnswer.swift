import NIOCore
import SansIOTLS
import SansIOTLSNIO

/// Answers a question when the test says so.
final class LaterAnswer {
  private(set) var asked = 0
  private var promise: EventLoopPromise<TLSEngine.Answer>?

  /// For the handler that asks.
  func answer(_ question: TLSEngine.Question, _ eventLoop: any EventLoop) -> EventLoopFuture<TLSEngine.Answer> {
    asked += 1
    let promise = eventLoop.makePromise(of: TLSEngine.Answer.self)
    self.promise = promise
    return promise.futureResult
  }

  func succeed(_ answer: TLSEngine.Answer) { promise?.succeed(answer) }
}
