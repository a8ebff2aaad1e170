/// The records of a connection about its peer's certificates, where there is something to record: a failed or a
/// questioned verification, a staple. Apart, so that the state of other connections is small.
///
/// It belongs to the state of one connection.
final class PeerNotes {
  var verification: TLSVerificationResult?
  var staple = StapleProof.notAsked
}

/// The proof of a server's certificate status by its OCSP staple, in this connection or in the one that its session was
/// made by.
enum StapleProof: Sendable, Equatable {
  /// The staple was not looked at.
  case notAsked
  /// The server sent none, and none was required.
  case absent
  /// The staple is good until a time, in seconds since 1970.
  case good(until: Int64)

  /// Whether a session with this proof may be resumed by a client that staples as much.
  func suffices(for stapling: TLSStapling, at time: Int64) -> Bool {
    switch (stapling, self) {
    case (.off, _), (.requested, .absent): true
    case (_, .good(let end)): time <= end
    case (_, .notAsked), (.required, .absent): false
    }
  }

  /// Whether a handshake that ended with this proof is what the client demands.
  func completes(_ stapling: TLSStapling) -> Bool { suffices(for: stapling, at: .min) }

  /// The proof in a session that is saved as bytes.
  var bytes: [UInt8] {
    switch self {
    case .notAsked: [0]
    case .absent: [1]
    case .good(let end): [2] + (0..<8).map { UInt8(truncatingIfNeeded: end >> (56 - 8 * $0)) }
    }
  }

  /// Reads what `bytes` has written; `nil` for anything else.
  init?(bytes: ArraySlice<UInt8>) {
    switch (bytes.first, bytes.count) {
    case (0, 1): self = .notAsked
    case (1, 1): self = .absent
    case (2, 9): self = .good(until: bytes.dropFirst().reduce(0) { $0 << 8 | Int64($1) })
    default: return nil
    }
  }
}
