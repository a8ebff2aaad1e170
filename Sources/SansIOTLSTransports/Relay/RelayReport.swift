public import SansIOTLS

/// The report of a ``Relay``: how much it moved, how the two sides closed, and the outcome.
public struct RelayReport: Sendable {
  /// A direction, as seen from this end of the connection.
  public enum Direction: Sendable, Hashable {
    /// From here to the peer.
    case sent
    /// From the peer to here.
    case received
  }

  /// Consecutive bytes of the handshake in one direction.
  public struct Flight: Sendable, Hashable {
    /// The direction.
    public let direction: Direction
    /// Ciphertext bytes, record headers included.
    public var byteCount: Int
  }

  /// The way in which one side ended its direction of the connection.
  public enum Ending: Sendable, Hashable, CustomStringConvertible {
    /// It had not ended when the relay did.
    case open
    /// By a close_notify alert: no data is missing.
    case closeNotify
    /// By a fatal alert.
    case alert(TLSAlert)
    /// By the end of the transport, without a close_notify alert.
    case endOfTransport
    /// By an error of the transport.
    case failed(TransportError)

    /// A description, for example `close_notify`.
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
    /// The network's side.
    case ciphertext
    /// The program's side.
    case plaintext
  }

  /// The result of a relay.
  public enum Outcome: Sendable {
    /// The relay has not ended yet.
    case running
    /// Both sides closed by close_notify, and everything was delivered. A peer that leaves after its own close_notify
    /// without reading this side's counts as clean too if no data was lost.
    case clean
    /// The transport of this endpoint failed.
    case transportFailure(Endpoint, TransportError)
    /// TLS failed: for example a certificate was rejected, or an alert was received.
    case tlsFailure(TLSError)
    /// The transport ended without close_notify. What arrived before was delivered; whether the peer had more to send
    /// is unknown.
    case truncated(TLSError)
    /// The program failed before its data was complete, see ``Relay/attach(plaintext:decidingEnd:)``. What it wrote was
    /// sent, without a close_notify that would call it complete.
    case incomplete
  }

  var handshake = HandshakeFlights()

  /// Plaintext bytes read from the program, encrypted and written to the transport.
  public internal(set) var plaintextSent = 0
  /// Plaintext bytes read from the program that were not written to the transport, or not as a whole record: the peer
  /// cannot read any of them. Complete after the relay has ended.
  public internal(set) var plaintextUnsent = 0
  /// Plaintext bytes decrypted and written to the program.
  public internal(set) var plaintextReceived = 0
  /// Plaintext bytes decrypted and not delivered, because the program no longer reads.
  public internal(set) var plaintextDropped = 0
  /// Ciphertext bytes written to the transport.
  public internal(set) var ciphertextSent = 0
  /// Ciphertext bytes written to the transport that its reader did not read: unread in a pipe, unacknowledged in a TCP
  /// connection. Application data is among them. 0 where the kernel does not report it.
  public internal(set) var ciphertextUnread = 0
  /// Ciphertext bytes read from the transport, without those that were dropped after a failure or the end.
  public internal(set) var ciphertextReceived = 0
  /// The flights of the handshake, oldest first, as this end produced and accepted them. Session tickets that follow a
  /// server's handshake at once belong to its last flight.
  public var flights: [Flight] { handshake.flights }
  /// The negotiated parameters; `nil` if the handshake did not complete.
  public internal(set) var negotiated: TLSEngine.NegotiatedParameters?
  /// The server's decision about early data, after the handshake; `nil` if none was offered. What it has accepted is
  /// counted in ``plaintextSent``; what it has rejected, the relay sends again.
  public internal(set) var earlyData: TLSEarlyDataOutcome?
  /// The way in which this side closed.
  public internal(set) var localEnding = Ending.open
  /// The way in which the peer closed.
  public internal(set) var remoteEnding = Ending.open
  /// The outcome.
  public internal(set) var outcome = Outcome.running
}
