/// The reason that an agent, or the way to it, failed.
public struct AgentError: Error, Sendable, CustomStringConvertible {
  /// The reason in words.
  public let description: String

  /// Creates an error.
  ///
  /// - Parameter description: the reason in words.
  public init(_ description: String) { self.description = description }
}
