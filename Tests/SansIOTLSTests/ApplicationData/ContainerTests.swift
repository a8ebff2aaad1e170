import SansIOTLS
import SansIOTLSTestKit
import Testing

/// `feed` and `write` accept the containers that people have.
struct ContainerTests {
  @Test func `every container of bytes is written as the same bytes`() throws {
    var pair = try EnginePair.connected()
    let bytes = Array("twelve bytes".utf8)
    let length = bytes.count
    #expect(try pair.client.write(bytes) == .done(length))
    #expect(try pair.client.write(bytes[...]) == .done(length))
    #expect(try pair.client.write("twelve bytes".utf8) == .done(length))
    #expect(try pair.client.write(bytes.lazy.map { $0 }) == .done(length))
    #expect(try pair.client.write(bytes.span) == .done(length))
    #expect(try pair.client.write(unsafe bytes.span.bytes) == .done(length))
    pair.step()
    #expect(try pair.server.read(upTo: 1000) == .done(Array(repeatElement(bytes, count: 6).joined())))
  }

  @Test func `every container of bytes is fed as the same bytes`() throws {
    var pair = try EnginePair.connected()
    var expected: [UInt8] = []
    for form in 0..<6 {
      _ = try pair.client.write([UInt8(form)])
      expected.append(UInt8(form))
      let ciphertext = pair.client.drain()
      let accepted =
        switch form {
        case 0: try pair.server.feed(ciphertext)
        case 1: try pair.server.feed(ciphertext[...])
        case 2: try pair.server.feed(ciphertext.lazy.map { $0 })
        case 3: try pair.server.feed(ciphertext.span)
        case 4: try pair.server.feed(unsafe ciphertext.span.bytes)
        default: try pair.server.feed(AnySequence(ciphertext))
        }
      #expect(accepted == ciphertext.count)
    }
    #expect(try pair.server.read(upTo: 1000) == .done(expected))
  }

  @Test func `a server's identities are a list or an array`() throws {
    let identities = [try TestIdentity.server(key: .p256).identity, try TestIdentity.server(key: .ed25519).identity]
    #expect(TLSContext.Configuration.server(identities).identities.count == 2)
    #expect(TLSContext.Configuration.server(identities[0], identities[1]).identities.count == 2)
  }
}
