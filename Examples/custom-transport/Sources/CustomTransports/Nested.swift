public import SansIOTLS
public import SansIOTLSTransports

// Guide: nested
extension TLSStream {
  /// Creates a stream of TLS inside this stream, which becomes its transport.
  ///
  /// - Parameters:
  ///   - context: the inner client's context.
  ///   - serverName: the name of the inner server.
  public func nested(_ context: TLSContext, _ serverName: TLSServerName) throws(TLSError) -> TLSStream<TLSStream> {
    TLSStream<TLSStream>(try TLSEngine(.client(serverName: serverName), context: context), over: self)
  }
}
// Guide: end
