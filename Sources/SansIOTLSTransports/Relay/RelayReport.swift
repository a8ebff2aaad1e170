public import SansIOTLS

/// What a ``Relay`` did: how much it moved, how the two sides closed, and what came of it.
public struct RelayReport: Sendable {
  /// Seen from this end of the connection.
  public enum Direction: Sendable, Hashable {
    /// From here to the peer.
    case sent
    /// From the peer to here.
    case received
  }

  /// Bytes of the handshake that travelled in one direction without any in the other between them.
  public struct Flight: Sendable, Hashable {
    /// Which way.
    public let direction: Direction
    /// Ciphertext bytes, record headers included.
    public var byteCount: Int
  }

  /// How one side ended its direction of the connection.
  public enum Ending: Sendable, Hashable, CustomStringConvertible {
    /// It had not when the relay ended.
    case open
    /// By a close_notify alert: nothing is missing.
    case closeNotify
    /// By a fatal alert.
    case alert(TLSAlert)
    /// By the end of the transport, without a close_notify alert.
    case endOfTransport
    /// By an error of the transport.
    case failed(TransportError)

    /// In words.
    public var description: String {
      switch self {
      case .open: "left open"
      case .closeNotify: "close_notify"
      case .alert(let alert): "alert \(alert)"
      case .endOfTransport: "end of transport without close_notify"
      case .failed(let error): "transport failed, \(error)"
      }
    }
  }

  /// One of the relay's two sides.
  public enum Endpoint: String, Sendable {
    /// The side of the network.
    case ciphertext
    /// The side of the program.
    case plaintext
  }

  /// What came of it.
  public enum Outcome: Sendable {
    /// The relay has not ended yet.
    case running
    /// Both sides closed by close_notify, and everything was delivered. A peer that, its own close_notify sent, does
    /// not stay to read ours counts as clean too if no data was lost by it.
    case clean
    /// Bytes could not be moved on this side.
    case transportFailure(Endpoint, TransportError)
    /// TLS failed: a certificate was refused, an alert came, the protocol was broken.
    case tlsFailure(TLSError)
    /// The transport ended without close_notify. What arrived before was delivered; whether more was meant to come
    /// cannot be known.
    case truncated(TLSError)
    /// The program failed before its data was complete, see ``Relay/attach(plaintext:judgingEnd:)``. What it wrote was
    /// sent, without a close_notify that would call it complete.
    case incomplete
  }

  /// Plaintext bytes taken from the program, sealed, and written to the transport.
  public internal(set) var plaintextSent = 0
  /// Plaintext bytes taken from the program that were not written to the transport, or not as a whole record. Nothing that
  /// the peer could read. Complete when the relay has ended.
  public internal(set) var plaintextUnsent = 0
  /// Plaintext bytes opened and written to the program.
  public internal(set) var plaintextReceived = 0
  /// Plaintext bytes opened that nobody was there to take.
  public internal(set) var plaintextDropped = 0
  /// Ciphertext bytes written to the transport.
  public internal(set) var ciphertextSent = 0
  /// Ciphertext bytes of those written to the transport that its reader left behind when it went: in a pipe, unread; in a
  /// TCP connection, unacknowledged. Application data is among them. 0 where the kernel does not say.
  public internal(set) var ciphertextUnread = 0
  /// Ciphertext bytes read from the transport; not those that were dropped behind a failure or the end.
  public internal(set) var ciphertextReceived = 0
  /// The flights of the handshake, oldest first, in bytes as this end made and took them. A server's session tickets
  /// that follow its handshake at once belong to its last one.
  public internal(set) var flights: [Flight] = []
  /// What was agreed on; `nil` if the handshake was not completed.
  public internal(set) var negotiated: TLSEngine.NegotiatedParameters?
  /// How this side closed.
  public internal(set) var localEnding = Ending.open
  /// How the peer closed.
  public internal(set) var remoteEnding = Ending.open
  /// What came of it.
  public internal(set) var outcome = Outcome.running

  mutating func record(_ direction: Direction, _ byteCount: Int) {
    guard byteCount > 0 else { return }
    if let last = flights.indices.last, flights[last].direction == direction {
      flights[last].byteCount += byteCount
    } else {
      flights.append(Flight(direction: direction, byteCount: byteCount))
    }
  }
}
