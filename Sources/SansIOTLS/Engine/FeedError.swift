extension TLSEngine {
  /// The error of ``feed(upTo:_:)``, which is the engine's or the closure's. They stay apart, because a transport may
  /// be a TLS connection too.
  public enum FeedError<Body: Error>: Error {
    /// The error of the engine, as ``feed(_:)-(RawSpan)`` throws it.
    case engine(TLSError)
    /// The error that the closure threw.
    case body(Body)
  }
}
