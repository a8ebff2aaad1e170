public import SansIOTLS

/// Every call of a conversation between two engines, with what came of it. From the seed and a tape a conversation can
/// be run again, in another process and on another day, call by call and byte by byte.
///
/// A tape is text, one call to a line, so that two of them can be compared by eye or by diff:
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
/// It holds all plaintext, and its seed gives away all keys: it is for tests.
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
    /// `read`, of so many bytes at most.
    case read(upTo: Int)
    /// `close`.
    case close
    /// `keyUpdate`.
    case keyUpdate(requestingPeer: Bool)
    /// `answer`.
    case answer(Reply)
    /// `takeTrailingInput`.
    case takeTrailingInput
    /// `hibernate`.
    case hibernate
  }

  /// An answer, as far as a tape can hold it.
  public enum Reply: Sendable, Hashable {
    /// Go on as configured.
    case proceed
    /// Accept the certificate.
    case accept
    /// Refuse, with this alert.
    case reject(TLSAlert)
    /// Serve by another context, which whoever replays the tape has to give again.
    case use
  }

  /// What came of a call.
  public enum Outcome: Sendable, Hashable {
    /// It took so many bytes.
    case accepted(Int)
    /// It gave these bytes.
    case bytes([UInt8])
    /// It said this step, for example `done` or `needsFeed`.
    case step(String)
    /// It threw the error of this description.
    case threw(String)
  }

  /// One call and what came of it.
  public struct Entry: Sendable, Hashable {
    /// The engine that was called.
    public let side: TLSRole
    /// The call.
    public let call: Call
    /// What came of it.
    public let outcome: Outcome

    /// Makes an entry.
    ///
    /// - Parameters:
    ///   - side: the engine that was called.
    ///   - call: the call.
    ///   - outcome: what came of it.
    public init(side: TLSRole, call: Call, outcome: Outcome) {
      self.side = side
      self.call = call
      self.outcome = outcome
    }
  }

  /// The seed of the world that the conversation took place in.
  public let seed: UInt64
  /// How the conversation was set up, in the words of the test: what is needed, beside the seed, to make the same
  /// contexts and engines again. Names without spaces, values without line breaks.
  public var setup: [String: String]
  /// The calls, in order.
  public private(set) var entries: [Entry] = []

  /// Starts an empty tape.
  ///
  /// - Parameters:
  ///   - seed: the seed of the world.
  ///   - setup: how the conversation is set up.
  public init(seed: UInt64, setup: [String: String] = [:]) {
    self.seed = seed
    self.setup = setup
  }

  /// Records a call.
  ///
  /// - Parameter entry: the call and what came of it.
  public mutating func append(_ entry: Entry) { entries.append(entry) }

  /// The SHA-256 of all calls and outcomes, in hexadecimal: equal for two runs if, and only if, everything that went in
  /// and came out was.
  public var digest: String {
    var text: [UInt8] = []
    for entry in entries { text += Array("\(entry)\n".utf8) }
    return Hexadecimal.text(Minting.sha256(text))
  }
}
