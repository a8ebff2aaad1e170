import PinnedClient
import SansIOTLS
import SansIOTLSTestKit

/// A server in the same process, used as the client's transport: answers a line in upper case and closes.
final class NearbyServer: Transport {
  /// The received request.
  private(set) var request: [UInt8] = []
  private var tls: TLSEngine
  private var link: SimulatedLink

  init(_ identity: TestIdentity, link: SimulatedLink = .direct) throws {
    tls = try TLSEngine(.server, context: TLSContext(.server(identity.identity)))
    self.link = link
  }

  func send(_ bytes: [UInt8]) { link.send(bytes, from: .client) }

  func receive() -> [UInt8]? {
    for _ in 0..<10_000 {
      link.step()
      try? serve()  // the engine keeps its failure
      link.send(tls.drain(), from: .server)
      switch link.deliver(to: .client) {
      case .bytes(let bytes): return bytes
      case .end: return nil
      case .nothing: continue
      }
    }
    return nil
  }

  private func serve() throws(TLSError) {
    while case .bytes(let bytes) = link.deliver(to: .server) {
      let count = try tls.feed(bytes)
      if count == bytes.count { continue }
      link.putBack(Array(bytes[count...]), to: .server)
      break
    }
    while case .done(let plaintext) = try tls.read(upTo: 4096) {
      request += plaintext
      guard plaintext.last == UInt8(ascii: "\n") else { continue }
      _ = try tls.write(String(decoding: request, as: UTF8.self).uppercased().utf8)
      _ = try tls.closeWriting()
    }
  }
}
