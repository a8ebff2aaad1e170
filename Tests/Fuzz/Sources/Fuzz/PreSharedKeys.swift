import SansIOTLS
import SansIOTLSTestKit

/// Parses the input as the extension pre_shared_key of a ClientHello, and passes such a ClientHello to a server that
/// has keys. Identities never exceed the input, and nothing completes a handshake.
func fuzzPreSharedKeys(_ input: [UInt8]) {
  let message = hello(with: input)
  guard let hello = TLSEngine.ClientHello(message: message) else { return }
  precondition(hello.preSharedKeyIdentities.count <= 64)
  precondition(hello.preSharedKeyIdentities.reduce(0) { $0 + 7 + $1.count } <= input.count)
  precondition(hello.preSharedKeyIdentities.allSatisfy { !$0.isEmpty })
  for context in [Shared.preShared, Shared.asking] {
    var engine = try! TLSEngine(.server, context: context)
    let size = message.count
    _ = try? engine.feed([22, 3, 1, UInt8(size >> 8), UInt8(size & 0xff)] + message)
    if case .clientHello(let asked)? = engine.question {
      precondition(asked.preSharedKeyIdentities == hello.preSharedKeyIdentities)
      try? engine.answer(.serve.accepting(.test()))
    }
    precondition(engine.negotiated == nil, "random input proves no key")
    _ = engine.drain()
  }
}

/// A ClientHello of TLS 1.3 whose last extension has these contents.
private func hello(with contents: [UInt8]) -> [UInt8] {
  func bytes(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 0xff), UInt8(number & 0xff)] }
  func sized(_ contents: [UInt8]) -> [UInt8] { bytes(contents.count) + contents }
  let contents = Array(contents.prefix(8192))
  let share = bytes(29) + sized([UInt8](repeating: 9, count: 32))
  let extensions: [(Int, [UInt8])] = [
    (43, [2, 3, 4]), (10, sized(bytes(29))), (13, sized(bytes(0x0403))), (51, sized(share)), (45, [1, 1]),
    (41, contents),
  ]
  let body =
    [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + sized(bytes(0x1301) + bytes(0x1302)) + [1, 0]
    + sized(extensions.flatMap { bytes($0.0) + sized($0.1) })
  return [1, 0] + bytes(body.count) + body
}
