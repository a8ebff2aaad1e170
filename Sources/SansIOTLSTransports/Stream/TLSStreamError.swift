public import SansIOTLS

/// An error that ended a call of a ``TLSStream``.
///
/// Two errors are equal when their codes are.
public struct TLSStreamError: Error, Sendable, CustomStringConvertible {
  /// The kind of an error, for programs to compare.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// TLS failed; ``TLSStreamError/tls`` is the engine's error. Permanent.
    public static let tls = Code(description: "tls")
    /// The transport failed; ``TLSStreamError/transport`` is its error. Permanent, but after a failed send what arrived
    /// can still be read.
    public static let transport = Code(description: "transport")
    /// The transport's `receive(upTo:)` returned empty arrays, more than 64 in a row: it promises at least one byte,
    /// and `nil` at the end. Permanent, as ``transport``.
    public static let emptyReceives = Code(description: "emptyReceives")
    /// The task was cancelled. The stream is unchanged, except for ``TLSStreamError/bytesAccepted`` bytes of a
    /// write.
    public static let cancelled = Code(description: "cancelled")
    /// The deadline passed. Permanent.
    public static let deadlineExceeded = Code(description: "deadlineExceeded")
    /// ``TLSStream/abort()`` was called. Permanent.
    public static let aborted = Code(description: "aborted")
    /// Another task is in the same call: one reads and one writes at a time. Nothing changed.
    public static let concurrentCall = Code(description: "concurrentCall")
    /// Plaintext has to be read before the stream can be unwrapped. Nothing changed.
    public static let unreadPlaintext = Code(description: "unreadPlaintext")
    /// ``TLSStream/unwrap()`` has returned the transport. Permanent.
    public static let unwrapped = Code(description: "unwrapped")
  }

  /// The kind of the error.
  public let code: Code
  /// The engine's error, with ``Code/tls``.
  public let tls: TLSError?
  /// The transport's own error, with ``Code/transport``.
  public let transport: (any Error)?
  /// The number of bytes of a write, from the first, that were encrypted; with ``Code/cancelled`` they will be sent.
  /// The others were not read.
  public let bytesAccepted: Int

  init(_ code: Code, tls: TLSError? = nil, transport: (any Error)? = nil, bytesAccepted: Int = 0) {
    self.code = code
    self.tls = tls
    self.transport = transport
    self.bytesAccepted = bytesAccepted
  }

  init(_ error: TLSError) { self.init(.tls, tls: error) }

  init(_ error: TLSStreamError, bytesAccepted: Int) {
    self.init(error.code, tls: error.tls, transport: error.transport, bytesAccepted: bytesAccepted)
  }

  /// The code, and the error that caused it.
  public var description: String {
    if let tls { return "\(code): \(tls)" }
    if let transport { return "\(code): \(transport)" }
    return code == .cancelled && bytesAccepted > 0 ? "\(code), \(bytesAccepted) bytes accepted" : "\(code)"
  }
}

extension TLSStreamError: Equatable {
  /// Whether the codes are equal.
  public static func == (left: TLSStreamError, right: TLSStreamError) -> Bool { left.code == right.code }
}
