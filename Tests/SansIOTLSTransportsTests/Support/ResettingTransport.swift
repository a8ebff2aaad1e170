import SansIOTLSTransports

/// A transport that fails where the other end stops.
struct ResettingTransport: ByteTransport {
  struct Broken: Error {}
  let base: MemoryTransport
  func receive(upTo count: Int) async throws(Broken) -> [UInt8]? {
    guard let bytes = await base.receive(upTo: count) else { throw Broken() }
    return bytes
  }
  func send(_ bytes: [UInt8]) async throws(Broken) { await base.send(bytes) }
  func closeOutput() async throws(Broken) { base.closeOutput() }
}
