import NIOCore

/// The result of a future.
final class Outcome {
  private(set) var result: Result<Void, any Error>?

  init(_ future: EventLoopFuture<Void>) {
    future.assumeIsolated().whenComplete { self.result = $0 }
  }

  var hasSucceeded: Bool { if case .success = result { true } else { false } }
  var error: (any Error)? { if case .failure(let error) = result { error } else { nil } }
}
