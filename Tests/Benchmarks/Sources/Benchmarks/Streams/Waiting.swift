import Dispatch
import Synchronization

/// The place of a result that another thread delivers.
private final class Delivery<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let done = DispatchSemaphore(value: 0)

  func deliver(_ result: Result<Value, any Error>) {
    self.result.withLock { $0 = result }
    done.signal()
  }

  func wait() throws -> Value {
    done.wait()
    guard let result = result.withLock({ $0 }) else { throw Failure("nothing was delivered") }
    return try result.get()
  }
}

/// Runs asynchronous work on Swift's pool while the calling thread, which is not part of it, waits.
///
/// - Returns: The result of `body`.
/// - Throws: The error of `body`.
@discardableResult
func waiting<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
  let delivery = Delivery<Value>()
  Task {
    do { delivery.deliver(.success(try await body())) } catch { delivery.deliver(.failure(error)) }
  }
  return try delivery.wait()
}
