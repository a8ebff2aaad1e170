public import SansIOTLS

/// Why a call of a ``TLSStream`` did not come to its end.
///
/// Two errors are equal when their codes are.
public struct TLSStreamError: Error, Sendable, CustomStringConvertible {
  /// What happened, in one word that programs can compare.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// TLS failed; ``TLSStreamError/tls`` says how. For good.
    public static let tls = Code(description: "tls")
    /// The transport failed; ``TLSStreamError/transport`` is its error. For good, but reading what arrived before a broken
    /// sending goes on.
    public static let transport = Code(description: "transport")
    /// The transport's `receive(upTo:)` returned empty arrays, more than 64 in a row: it promises at least one byte, and `nil`
    /// at the end. Permanent, as ``transport``.
    public static let emptyReceives = Code(description: "emptyReceives")
    /// The task was cancelled. The stream is as it was but for ``TLSStreamError/accepted`` bytes of a write.
    public static let cancelled = Code(description: "cancelled")
    /// The deadline passed. For good.
    public static let deadlineExceeded = Code(description: "deadlineExceeded")
    /// ``TLSStream/abort()`` was called. For good.
    public static let aborted = Code(description: "aborted")
    /// Another task is in the same call: one reads and one writes at a time. Nothing changed.
    public static let busy = Code(description: "busy")
    /// Plaintext waits to be read before the stream can be unwrapped. Nothing changed.
    public static let unread = Code(description: "unread")
    /// ``TLSStream/unwrap()`` gave the transport away.
    public static let unwrapped = Code(description: "unwrapped")
  }

  /// What happened.
  public let code: Code
  /// The engine's error, with ``Code/tls``.
  public let tls: TLSError?
  /// The transport's own error, with ``Code/transport``.
  public let transport: (any Error)?
  /// Of a write: how many bytes, from the first on, are sealed; with ``Code/cancelled`` they will be sent. The others were
  /// not touched.
  public let accepted: Int

  init(_ code: Code, tls: TLSError? = nil, transport: (any Error)? = nil, accepted: Int = 0) {
    self.code = code
    self.tls = tls
    self.transport = transport
    self.accepted = accepted
  }

  init(_ error: TLSError) { self.init(.tls, tls: error) }

  init(_ error: TLSStreamError, accepted: Int) {
    self.init(error.code, tls: error.tls, transport: error.transport, accepted: accepted)
  }

  /// The code, and the error behind it.
  public var description: String {
    if let tls { return "\(code): \(tls)" }
    if let transport { return "\(code): \(transport)" }
    return code == .cancelled && accepted > 0 ? "\(code), \(accepted) bytes accepted" : "\(code)"
  }
}

extension TLSStreamError: Equatable {
  /// Whether the codes are equal.
  public static func == (left: TLSStreamError, right: TLSStreamError) -> Bool { left.code == right.code }
}
