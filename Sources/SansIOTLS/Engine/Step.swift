/// How far a call came.
///
/// `SSL_connect(3)` answers 1, 0 or a negative number and leaves the rest to `SSL_get_error(3)`. A step is that answer as
/// a value: done, or what the call waits for. What cannot be continued is not a step: it is thrown as a ``TLSError``.
public enum Step<Value> {
  /// The call did what it was asked for.
  case done(Value)
  /// More ciphertext is needed: ``TLSEngine/feed(_:)-(RawSpan)``, or ``TLSEngine/feedEOF()``.
  case needsFeed
  /// The outbound limit is reached: drain, then repeat the call with what is left.
  case needsDrain
  /// The engine stopped at a question: read ``TLSEngine/question`` and call ``TLSEngine/answer(_:)``.
  case needsAnswer
  /// The peer closed its direction with a close_notify alert. Nothing is missing; writing may go on.
  case endOfStream
}

extension Step: Sendable where Value: Sendable {}
extension Step: Equatable where Value: Equatable {}

extension Step {
  /// The same step with another value.
  ///
  /// - Parameter transform: makes the new value of a step that is done.
  /// - Returns: the step, its value replaced.
  /// - Throws: what `transform` throws.
  public func map<Other, Failure: Error>(_ transform: (Value) throws(Failure) -> Other) throws(Failure) -> Step<Other> {
    switch self {
    case .done(let value): .done(try transform(value))
    case .needsFeed: .needsFeed
    case .needsDrain: .needsDrain
    case .needsAnswer: .needsAnswer
    case .endOfStream: .endOfStream
    }
  }

  /// The value of a step that is done, `nil` otherwise.
  public var value: Value? {
    if case .done(let value) = self { value } else { nil }
  }
}

/// What the engine waits for: all that an event loop must know.
///
/// The members are independent of one another: a handshake regularly needs `.drain` and `.feed` at once.
public struct Needs: OptionSet, Hashable, Sendable, CustomStringConvertible {
  /// The bits.
  public let rawValue: UInt8

  /// Wraps the bits.
  ///
  /// - Parameter rawValue: a union of the members' bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// No progress without more ciphertext from the peer, or the news that there will be none.
  public static let feed = Needs(rawValue: 1 << 0)
  /// Ciphertext waits to be taken to the peer.
  public static let drain = Needs(rawValue: 1 << 1)
  /// A `read` would deliver plaintext, the end of the stream, an event or an error.
  public static let read = Needs(rawValue: 1 << 2)
  /// A question waits for its answer.
  public static let answer = Needs(rawValue: 1 << 3)

  /// The members' names, for example `[feed, drain]`.
  public var description: String {
    let names: [(Needs, String)] = [(.feed, "feed"), (.drain, "drain"), (.read, "read"), (.answer, "answer")]
    return "[" + names.filter { contains($0.0) }.map(\.1).joined(separator: ", ") + "]"
  }
}
