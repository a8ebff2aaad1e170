public import SansIOTLS
public import SansIOTLSTransports

// Guide: nested
extension TLSStream {
  /// TLS inside of this stream: the stream is the transport of another.
  ///
  /// - Parameters:
  ///   - context: the inner client's.
  ///   - serverName: whom the inner client means to reach.
  public func nested(_ context: TLSContext, _ serverName: TLSServerName) throws(TLSError) -> TLSStream<TLSStream> {
    TLSStream<TLSStream>(try TLSEngine(.client(serverName: serverName), context: context), over: self)
  }
}
// Guide: end
