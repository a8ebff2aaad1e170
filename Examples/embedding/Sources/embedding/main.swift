import SansIOTLS
import SansIOTLSTestKit

/// The peer of the conversation: a server engine that answers one line in upper case and closes.
final class Peer: Transport {
  private var tls: TLSEngine
  private var failure: TLSError?

  init(context: TLSContext) throws(TLSError) { tls = try TLSEngine(.server, context: context) }

  func send(_ bytes: RawSpan) -> Int {
    do throws(TLSError) {
      let count = try tls.feed(bytes)
      if case .done(let line) = try tls.read(upTo: 4096) {
        _ = try tls.write(String(decoding: line, as: UTF8.self).uppercased().utf8)
        _ = try tls.closeWriting()
      }
      return count
    } catch {
      failure = error
      return bytes.byteCount
    }
  }

  func receive() -> [UInt8]? {
    let bytes = tls.drain()
    return bytes.isEmpty ? nil : bytes
  }
}

func shout() throws {
  let identity = TestIdentity.server("shout.example")
  var configuration = TLSContext.Configuration.client()
  configuration.trustRoots = [identity.trust]
  var tls = try TLSEngine(.client(serverName: .dns("shout.example")), context: TLSContext(configuration))
  let peer = try Peer(context: TLSContext(.server(identity.identity)))
  let response = try converse(&tls, over: peer, request: Array("hello\n".utf8))
  print(String(decoding: response, as: UTF8.self), terminator: "")
}

try shout()
