public import SansIOTLS

/// The calls of a conversation between two engines and their outcomes. The seed and a tape replay a conversation call
/// by call and byte by byte, in another process and on another day.
///
/// A tape is text, one call in each line, so that two tapes can be compared by eye or by diff:
///
/// ```
/// SansIOTLS tape 1
/// seed 7
/// setup version TLSv1.3
/// client drain = bytes 1603010105010001…
/// server feed 1603010105010001… = accepted 266
/// server read 65536 = needsFeed
/// ```
///
/// It contains all plaintext, and its seed reveals all keys that the connection derives: it is for tests. Keys that the
/// test brings, of identities and pre-shared ones, are not on it.
public struct Tape: Sendable, Hashable {

  /// A call of an engine.
  public enum Call: Sendable, Hashable {
    /// `feed`, with the bytes offered.
    case feed([UInt8])
    /// `feedEOF`.
    case feedEOF
    /// `drain`, of everything.
    case drain
    /// `write`, with the bytes offered.
    case write([UInt8])
    /// `read`, with the limit in bytes.
    case read(upTo: Int)
    /// `writeEarly`, with the bytes offered.
    case writeEarly([UInt8])
    /// `readEarly`, with the limit in bytes.
    case readEarly(upTo: Int)
    /// `close`.
    case close
    /// `keyUpdate`.
    case keyUpdate(requestingPeer: Bool)
    /// `reportIdle`.
    case reportIdle
    /// `requestClientCertificate`.
    case requestClientCertificate(isRequired: Bool)
    /// `answer`.
    case answer(Reply)
    /// `takeTrailingInput`.
    case takeTrailingInput
    /// `hibernate`.
    case hibernate
  }

  /// An answer, as far as a tape can record it.
  public enum Reply: Sendable, Hashable {
    /// Serve the client by the engine's own context.
    case serve
    /// Serve the client by another context, which a replay has to provide again.
    case serveOther
    /// Serve the client, by another context or the engine's own, and decide about its early data.
    case serveDecidingEarlyData(byOther: Bool, accepts: Bool)
    /// Serve the client, by another context or the engine's own, and accept the pre-shared keys of these identities,
    /// which a replay has to provide again: a key is not recorded. `nil` leaves its early data to the replay filter.
    case serveAcceptingKeys(of: [[UInt8]], byOther: Bool, acceptsEarlyData: Bool?)
    /// Refuse the client with this alert.
    case refuse(TLSAlert)
    /// Follow the verification of the certificates.
    case followVerification
    /// Accept the certificates.
    case trust
    /// Refuse the certificates with this alert.
    case distrust(TLSAlert)
    /// Present an identity of the caller's, which a replay does not have.
    case presentOther
    /// Present the configuration's identity.
    case presentConfigured
    /// Present no certificate.
    case presentNothing
  }

  /// The outcome of a call.
  public enum Outcome: Sendable, Hashable {
    /// It accepted this many bytes.
    case accepted(Int)
    /// It returned these bytes.
    case bytes([UInt8])
    /// It returned this step, for example `done` or `needsFeed`.
    case step(String)
    /// It threw an error with this description.
    case threw(String)
  }

  /// A call and its outcome.
  public struct Entry: Sendable, Hashable {
    /// The engine that was called.
    public let side: TLSRole
    /// The call.
    public let call: Call
    /// The outcome of the call.
    public let outcome: Outcome

    /// Creates an entry.
    ///
    /// - Parameters:
    ///   - side: The engine that was called.
    ///   - call: The call.
    ///   - outcome: The outcome of the call.
    public init(side: TLSRole, call: Call, outcome: Outcome) {
      self.side = side
      self.call = call
      self.outcome = outcome
    }
  }

  /// The seed of the conversation's world.
  public let seed: UInt64
  /// The setup of the conversation, as the test describes it: what is needed in addition to the seed to create the same
  /// contexts and engines again. Names without spaces, values without line breaks.
  public var setup: [String: String]
  /// The calls, in order.
  public private(set) var entries: [Entry] = []

  /// Creates an empty tape.
  ///
  /// - Parameters:
  ///   - seed: The seed of the world.
  ///   - setup: The setup of the conversation.
  public init(seed: UInt64, setup: [String: String] = [:]) {
    self.seed = seed
    self.setup = setup
  }

  /// Appends a call.
  ///
  /// - Parameter entry: The call and its outcome.
  public mutating func append(_ entry: Entry) { entries.append(entry) }

  /// The SHA-256 of all calls and outcomes, in hexadecimal: equal for two runs if and only if all their inputs and
  /// outputs were equal.
  public var digest: String {
    var text: [UInt8] = []
    for entry in entries { text += Array("\(entry)\n".utf8) }
    return Hexadecimal.text(Minting.sha256(text))
  }
}
