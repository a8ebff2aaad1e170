#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A failed call of the operating system.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation of a call.
  public enum Operation: String, Sendable {
    /// Preparing a descriptor: `fstat(2)`, `fcntl(2)`.
    case prepare
    /// `read(2)` or `recv(2)`.
    case read
    /// `write(2)` or `send(2)`.
    case write
    /// Waiting for a descriptor: `poll(2)`, `epoll_ctl(2)`.
    case poll
  }

  /// The operation that failed.
  public let operation: Operation
  /// The error number. Corresponds to `errno(3)`.
  public let number: Int32

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - operation: The operation that failed.
  ///   - number: The error number, as in `errno(3)`.
  public init(_ operation: Operation, number: Int32) {
    self.operation = operation
    self.number = number
  }

  /// Whether the other end of a pipe or socket is gone (`EPIPE`, `ECONNRESET`), rather than something local having
  /// failed.
  public var isDisconnection: Bool { number == EPIPE || number == ECONNRESET }

  /// A description, for example `write: Broken pipe (errno 32)`.
  public var description: String {
    // Sound: strerror(3) never returns NULL for any number, and its text is copied before anything else is called.
    let text = unsafe String(cString: strerror(number))
    return "\(operation.rawValue): \(text) (errno \(number))"
  }

  /// The error of the latest call of this thread.
  static func last(_ operation: Operation) -> TransportError { TransportError(operation, number: errno) }
}
