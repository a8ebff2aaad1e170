import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Exported keying material, the source of channel bindings (RFC 5705, RFC 9266).
@Suite(.tags(.behaviour))
struct ExporterTests {
  private static let label = "EXPORTER-Channel-Binding"

  @Test(arguments: TLSVersion.both, [nil, [], [1, 2, 3]] as [[UInt8]?])
  func `both sides export the same`(version: TLSVersion, context: [UInt8]?) throws {
    let pair = try EnginePair.connected(version)
    let client = try pair.client.exportKeyingMaterial(label: Self.label, context: context, count: 32)
    #expect(try pair.server.exportKeyingMaterial(label: Self.label, context: context, count: 32) == client)
    #expect(try pair.client.exportKeyingMaterial(label: Self.label, context: context, count: 32) == client)
    #expect(client.count == 32)
    #expect(client.contains { $0 != 0 })
  }

  @Test(arguments: TLSVersion.both)
  func `label, context and connection all count`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    let other = try EnginePair.connected(version)
    let exports = [
      try pair.client.exportKeyingMaterial(label: Self.label, context: [1], count: 32),
      try pair.client.exportKeyingMaterial(label: Self.label, context: [2], count: 32),
      try pair.client.exportKeyingMaterial(label: "EXPORTER-Another", context: [1], count: 32),
      try other.client.exportKeyingMaterial(label: Self.label, context: [1], count: 32),
    ]
    #expect(Set(exports).count == exports.count)
  }

  @Test func `no context and an empty one differ in TLS 1.2 and not in TLS 1.3`() throws {
    for version in TLSVersion.both {
      let pair = try EnginePair.connected(version)
      let none = try pair.client.exportKeyingMaterial(label: Self.label, context: nil, count: 32)
      let empty = try pair.client.exportKeyingMaterial(label: Self.label, context: [], count: 32)
      #expect((none == empty) == (version == .tls13))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `lengths from the least to the greatest are exported alike on both sides`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    for count in [1, 31, 8160] {
      let client = try pair.client.exportKeyingMaterial(label: Self.label, context: nil, count: count)
      #expect(client.count == count)
      #expect(try pair.server.exportKeyingMaterial(label: Self.label, context: nil, count: count) == client)
    }
    let long = String(repeating: "l", count: 249)
    #expect(
      try pair.client.exportKeyingMaterial(label: long, context: nil, count: 16)
        == pair.server.exportKeyingMaterial(label: long, context: nil, count: 16))
  }

  @Test(arguments: TLSVersion.both)
  func `lengths out of range are refused`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    for count in [0, -1, 8161, .max] {
      expectRefusal(.invalidArgument, .misuse, naming: "8,160") {
        _ = try pair.client.exportKeyingMaterial(label: Self.label, context: nil, count: count)
      }
    }
    for label in ["", String(repeating: "l", count: 250)] {
      expectRefusal(.invalidArgument, .misuse, naming: "249") {
        _ = try pair.client.exportKeyingMaterial(label: label, context: nil, count: 32)
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `exporting before the handshake is complete is refused`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    expectRefusal(.handshakeNotComplete, .misuse, naming: "handshake") {
      _ = try pair.client.exportKeyingMaterial(label: Self.label, context: nil, count: 32)
    }
    pair.step()
    expectRefusal(.handshakeNotComplete, .misuse, naming: "handshake") {
      _ = try pair.server.exportKeyingMaterial(label: Self.label, context: nil, count: 32)
    }
    try pair.handshake()
    #expect(throws: Never.self) { try pair.server.exportKeyingMaterial(label: Self.label, context: nil, count: 32) }
  }

  @Test(arguments: TLSVersion.both)
  func `exported keying material is unchanged by key updates and close`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    let before = try pair.client.exportKeyingMaterial(label: Self.label, context: nil, count: 32)
    if version == .tls13 {
      _ = try pair.client.keyUpdate(requestingPeer: true)
      #expect(try pair.transfer([1], from: .client) == [1])
    }
    try pair.shutdown()
    #expect(try pair.client.exportKeyingMaterial(label: Self.label, context: nil, count: 32) == before)
    #expect(try pair.server.exportKeyingMaterial(label: Self.label, context: nil, count: 32) == before)
  }
}
