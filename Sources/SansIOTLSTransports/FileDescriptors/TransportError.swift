#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A call of the operating system that failed while bytes were moved.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was attempted.
  public enum Operation: String, Sendable {
    /// Preparing a descriptor: `fstat(2)`, `fcntl(2)`.
    case prepare
    /// `read(2)` or `recv(2)`.
    case read
    /// `write(2)` or `send(2)`.
    case write
    /// `poll(2)`.
    case poll
  }

  /// What was attempted.
  public let operation: Operation
  /// The error number. Corresponds to `errno(3)`.
  public let number: Int32

  /// Names a failed call.
  ///
  /// - Parameters:
  ///   - operation: what was attempted.
  ///   - number: the `errno(3)` that it left.
  public init(_ operation: Operation, number: Int32) {
    self.operation = operation
    self.number = number
  }

  /// Whether the other end of a pipe or socket is gone (`EPIPE`, `ECONNRESET`), rather than something being wrong here.
  public var isDisconnection: Bool { number == EPIPE || number == ECONNRESET }

  /// For example `write: Broken pipe (errno 32)`.
  public var description: String {
    // Sound: strerror(3) never returns NULL for any number, and its text is copied before anything else is called.
    let text = unsafe String(cString: strerror(number))
    return "\(operation.rawValue): \(text) (errno \(number))"
  }

  /// The error that the last call of this thread left.
  static func last(_ operation: Operation) -> TransportError { TransportError(operation, number: errno) }
}
