import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The whole ClientHello in the question: its bytes, its extensions in order, and all that fingerprints are made of.
@Suite(.tags(.law13, .behaviour))
struct ClientHelloMessageTests {
  // MARK: A message of one's own

  private static func bytes(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
  private static func sized(_ contents: [UInt8]) -> [UInt8] { bytes(UInt16(contents.count)) + contents }
  private static func list(_ numbers: [UInt16]) -> [UInt8] { sized(numbers.flatMap(bytes)) }

  private static func message(
    version: UInt16 = 0x0303, suites: [UInt16], extensions: [(UInt16, [UInt8])]
  ) -> [UInt8] {
    let body =
      bytes(version) + [UInt8](repeating: 7, count: 32) + [0] + list(suites) + [1, 0]
      + sized(extensions.flatMap { bytes($0.0) + sized($0.1) })
    return [1, 0] + bytes(UInt16(body.count)) + body
  }

  // MARK: Fingerprints

  /// The text that JA3 hashes.
  private func ja3(_ hello: TLSEngine.ClientHello) -> String {
    func joined(_ numbers: some Sequence<UInt16>) -> String { numbers.map(String.init).joined(separator: "-") }
    return [
      "\(hello.legacyVersion?.rawValue ?? 0)", joined(hello.cipherSuites.filter { !$0.isGREASE }.map(\.rawValue)),
      joined(hello.extensions.filter { !$0.isGREASE }.map(\.type)),
      joined(hello.groups.filter { !$0.isGREASE }.map(\.rawValue)), joined(hello.pointFormats.map(UInt16.init)),
    ].joined(separator: ",")
  }

  private func ja4(_ hello: TLSEngine.ClientHello) -> String {
    func digits(_ number: UInt16) -> String { String(String(number, radix: 16).suffix(4)).leftPadded(to: 4) }
    func hash(_ text: String) -> String {
      String(SHA256.digest(of: Array(text.utf8)[...]).hexadecimal.lowercased().prefix(12))
    }
    let version = hello.versions.filter { !$0.isGREASE }.max() == .tls13 ? "13" : "12"
    let suites = hello.cipherSuites.filter { !$0.isGREASE }.map(\.rawValue)
    let types = hello.extensions.filter { !$0.isGREASE }.map(\.type)
    let first = hello.applicationProtocols.first ?? "00"
    let name = types.contains(0) ? "d" : "i"
    let counts = "\(suites.count)".leftPadded(to: 2) + "\(types.count)".leftPadded(to: 2)
    let ends = "\(first.first ?? "0")\(first.last ?? "0")"
    let extensions = types.filter { $0 != 0 && $0 != 16 }.sorted().map(digits).joined(separator: ",")
    let schemes = hello.signatureSchemes.filter { !$0.isGREASE }.map { digits($0.rawValue) }.joined(separator: ",")
    return "t\(version)\(name)\(counts)\(ends)_" + hash(suites.sorted().map(digits).joined(separator: ",")) + "_"
      + hash("\(extensions)_\(schemes)")
  }

  private func md5(_ text: String) -> String {
    var digest = [UInt8](repeating: 0, count: 16)
    unsafe EVP_Digest(Array(text.utf8), text.utf8.count, &digest, nil, EVP_md5(), nil)
    return digest.hexadecimal.lowercased()
  }

  /// The example in JA3's description, with its published hash; GREASE in each list is left out.
  @Test func `JA3 of a known hello is the known hash`() throws {
    let hello = try #require(
      TLSEngine.ClientHello(
        message: Self.message(
          version: 769, suites: [0x1a1a, 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
          extensions: [
            (0x2a2a, []), (0, Self.sized([0] + Self.sized(Array("localhost".utf8)))),
            (10, Self.list([0x3a3a, 23, 24, 25])), (11, [1, 0]), (0xfafa, [0]),
          ])))
    #expect(ja3(hello) == "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0")
    #expect(md5(ja3(hello)) == "ada70206e40642a3e4461f35503241d5")
    #expect(hello.serverName == "localhost")
  }

  /// The example in JA4's description: a browser's hello and its published fingerprint.
  @Test func `JA4 of a known hello is the known fingerprint`() throws {
    let schemes: [UInt16] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]
    let empty: [UInt16] = [
      0x001b, 0x0017, 0x0023, 0x002b, 0x002d, 0x0033, 0x4469, 0xff01, 0x0005, 0x000b, 0x0012, 0x0015,
    ]
    let hello = try #require(
      TLSEngine.ClientHello(
        message: Self.message(
          suites: [
            0x4a4a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
            0x009d,
            0x002f, 0x0035,
          ],
          extensions: [
            (0x5a5a, []), (0x0000, Self.sized([0] + Self.sized(Array("a.example".utf8)))),
            (0x0010, Self.sized([2] + "h2".utf8 + [8] + "http/1.1".utf8)), (0x000a, Self.list([0x6a6a, 29, 23, 24])),
            (0x000d, Self.list(schemes)),
          ] + empty.map { ($0, $0 == 0x002b ? [6, 0x7a, 0x7a, 3, 4, 3, 3] : []) })))
    #expect(ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1")
    #expect(hello.extensions.map(\.type).prefix(4) == [0x5a5a, 0, 16, 10])
    #expect(hello.versions.map(\.isGREASE) == [true, false, false])
    #expect(hello.groups.map(\.isGREASE) == [true, false, false, false])
  }

  @Test func `sixteen numbers are GREASE`() {
    let numbers = (UInt16.min...UInt16.max).filter(\.isGREASE)
    #expect(numbers.count == 16)
    #expect(numbers.first == 0x0a0a)
    #expect(numbers.last == 0xfafa)
  }

  @Test func `no part of a message is a message`() {
    let message = Self.message(suites: [1, 2], extensions: [(0, []), (0x0a0a, [1])])
    #expect(TLSEngine.ClientHello(message: message) != nil)
    for count in 0..<message.count { #expect(TLSEngine.ClientHello(message: Array(message.prefix(count))) == nil) }
    #expect(TLSEngine.ClientHello(message: message + [0]) == nil)
    #expect(TLSEngine.ClientHello(message: [2] + message.dropFirst()) == nil)
    #expect(TLSEngine.ClientHello(serverName: nil).extensions.isEmpty)
    #expect(TLSEngine.ClientHello(serverName: nil).legacyVersion == nil)
  }

  // MARK: In a handshake

  /// The message is noted by a callback that is taken away with the answer, whether or not a trace needs it too.
  @Test(arguments: TLSVersion.both, [false, true])
  func `the question has the bytes that the client sent, and the answer drops them`(
    version: TLSVersion, isTraced: Bool
  ) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.applicationProtocols = ["h2"]
    server.pausesAtClientHello = true
    server.tracesMessages = isTraced
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    let record = pair.client.drain()
    for byte in record { _ = try pair.server.feed([byte]) }
    _ = try pair.server.handshake()
    guard case .clientHello(let hello)? = pair.server.question else { throw EnginePair.Stalled.noQuestionYet }
    #expect(hello.message == Array(record.dropFirst(5)))
    #expect(hello == TLSEngine.ClientHello(message: hello.message))
    #expect(hello.legacyVersion == .tls12)
    #expect(hello.compressionMethods == [0])
    #expect(hello.pointFormats == [0, 1, 2])
    #expect(hello.extensions.contains { $0.type == 16 && Array($0.contents) == [0, 3, 2, 0x68, 0x32] })
    #expect(Set(hello.extensions.map(\.type)).count == hello.extensions.count)
    try pair.server.answer(.serve)
    #expect(pair.server.handle.askedClientHello == nil)
    try pair.handshake()
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  /// RFC 5246, appendix E.2: such a hello has suites of three bytes and no extensions.
  @Test func `a ClientHello in the form of SSL 2 is reported by its fields`() throws {
    var (_, server) = try EnginePair.configurations(version: .tls12)
    server.pausesAtClientHello = true
    var engine = try TLSEngine(.server, context: TLSContext(server))
    let suites: [UInt8] = [0x07, 0x00, 0xc0, 0x00, 0xc0, 0x2b, 0x00, 0x00, 0xff]
    let message: [UInt8] = [1, 3, 3, 0, UInt8(suites.count), 0, 0, 0, 32] + suites + [UInt8](repeating: 9, count: 32)
    _ = try engine.feed([0x80, UInt8(message.count)] + message)
    guard case .clientHello(let hello)? = engine.question else { throw EnginePair.Stalled.noQuestionYet }
    #expect(hello.versions == [.tls12])
    #expect(hello.cipherSuites.map(\.rawValue) == [0xc02b, 0x00ff])
    #expect(hello.serverName == nil)
    #expect(hello.message.isEmpty)
    #expect(hello.extensions.isEmpty)
    _ = try? engine.answer(.serve)
    #expect(engine.pendingOutputByteCount > 0)
  }

  /// An extension that libssl does not know is in its place.
  @Test(arguments: TLSVersion.both)
  func `unknown extensions are shown in the client's order`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.applicationProtocols = ["h2"]
      server.pausesAtClientHello = true
    }
    var bytes = pair.client.drain()
    // ALPN becomes an unknown extension.
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [0, 16, 0, 5, 0, 3, 2, 0x68, 0x32]) })
    bytes[place] = 0x7a
    bytes[place + 1] = 0x7a
    _ = try pair.server.feed(bytes)
    guard case .clientHello(let hello)? = pair.server.question else { throw EnginePair.Stalled.noQuestionYet }
    #expect(hello.applicationProtocols.isEmpty)
    let found = hello.extensions.filter(\.isGREASE)
    #expect(found.map(\.type) == [0x7a7a])
    #expect(found.map { Array($0.contents) } == [[0, 3, 2, 0x68, 0x32]])
  }
}

extension String {
  fileprivate func leftPadded(to count: Int) -> String {
    String(repeating: "0", count: Swift.max(0, count - self.count)) + self
  }
}

extension EnginePair.Stalled {
  fileprivate static var noQuestionYet: any Error { NoQuestion() }
  private struct NoQuestion: Error {}
}
