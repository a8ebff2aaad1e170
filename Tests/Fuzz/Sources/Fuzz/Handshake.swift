import SansIOTLS

/// Feeds the input to a new engine, fragmented by the input's own bytes. For any input, the engine must stay within its
/// limits, keep its error, and allow all output to be drained.
func fuzzHandshake(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  var engine: TLSEngine
  switch choice & 3 {
  case 0: engine = try! TLSEngine(.server, context: Shared.server)
  case 1: engine = try! TLSEngine(.client(serverName: .dns("localhost")), context: Shared.client)
  default: engine = try! TLSEngine(.server, context: Shared.asking)
  }
  var rest = input.dropFirst()
  do throws(TLSError) {
    while let size = rest.first {
      let piece = rest.prefix(Int(size) + 1)
      let accepted = try engine.feed(piece)
      precondition(accepted <= piece.count)
      rest = rest.dropFirst(max(accepted, 1))
      if engine.question != nil { try engine.answerAsConfigured() }
      precondition(engine.negotiated == nil, "random input completes no handshake")
    }
    engine.feedEOF()
    _ = try engine.handshake()
    _ = try engine.read(upTo: 64)
    preconditionFailure("the end of the transport must be an error")
  } catch {
    let again = failure { () throws(TLSError) in _ = try engine.read(upTo: 64) }
    precondition(again?.description == engine.failure?.description, "errors are sticky")
  }
  _ = engine.drain()
  precondition(engine.pendingOutputByteCount == 0)
}

private func failure(_ body: () throws(TLSError) -> Void) -> TLSError? {
  do throws(TLSError) { try body() } catch { return error }
  return nil
}
