extension TLSStream {
  /// Received plaintext, as it arrives, until the peer's close_notify.
  public struct Plaintext: AsyncSequence, Sendable {
    /// A piece of at least one byte.
    public typealias Element = [UInt8]
    /// The error of a read.
    public typealias Failure = TLSStreamError

    let stream: TLSStream

    /// An iterator that reads one piece after another.
    public struct AsyncIterator: AsyncIteratorProtocol {
      let stream: TLSStream

      /// Reads the next piece.
      ///
      /// - Returns: The piece; `nil` after the peer closed its direction.
      /// - Throws: ``TLSStreamError``, as ``TLSStream/read(upTo:)``.
      public mutating func next() async throws(TLSStreamError) -> [UInt8]? { try await stream.read() }

      /// Reads the next piece, isolated to the caller's actor.
      ///
      /// - Parameter actor: The actor.
      /// - Returns: The piece; `nil` after the peer closed its direction.
      /// - Throws: ``TLSStreamError``, as ``TLSStream/read(upTo:)``.
      public mutating func next(isolation actor: isolated (any Actor)?) async throws(TLSStreamError) -> [UInt8]? {
        try await stream.read()
      }
    }

    /// Creates an iterator, which continues after the last read.
    ///
    /// - Returns: The iterator, the only reader of the stream while it is used.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }
  }

  /// Received plaintext as a sequence.
  public var plaintext: Plaintext { Plaintext(stream: self) }
}
