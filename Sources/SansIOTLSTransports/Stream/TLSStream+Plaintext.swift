extension TLSStream {
  /// Inbound plaintext as it arrives, until the peer's close_notify.
  public struct Plaintext: AsyncSequence, Sendable {
    /// A piece, at least one byte.
    public typealias Element = [UInt8]
    /// How reading fails.
    public typealias Failure = TLSStreamError

    let stream: TLSStream

    /// Reads one piece after another.
    public struct AsyncIterator: AsyncIteratorProtocol {
      let stream: TLSStream

      /// The next piece.
      ///
      /// - Returns: `nil` when the peer closed its direction.
      /// - Throws: ``TLSStreamError``, as ``TLSStream/read(upTo:)``.
      public mutating func next() async throws(TLSStreamError) -> [UInt8]? { try await stream.read() }

      /// The next piece, from whatever actor asks.
      ///
      /// - Parameter actor: whose isolation is kept.
      /// - Returns: `nil` when the peer closed its direction.
      /// - Throws: ``TLSStreamError``, as ``TLSStream/read(upTo:)``.
      public mutating func next(isolation actor: isolated (any Actor)?) async throws(TLSStreamError) -> [UInt8]? {
        try await stream.read()
      }
    }

    /// Starts reading where the last read ended.
    ///
    /// - Returns: the iterator; the one reader of the stream while it is used.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }
  }

  /// Inbound plaintext as a sequence.
  public var plaintext: Plaintext { Plaintext(stream: self) }
}
