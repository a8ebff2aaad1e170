import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A link causes the faults of real transports, the same for the same seed, and records its actions.
struct SimulatedLinkTests {

  /// Sends, then steps until nothing is in transit.
  ///
  /// - Returns: the pieces that arrived; the end as an empty one.
  private func arrivals(_ link: inout SimulatedLink, of sends: [[UInt8]], from side: TLSRole) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    func collect() {
      link.step()
      collecting: while true {
        switch link.deliver(to: side.peer) {
        case .bytes(let bytes): pieces.append(bytes)
        case .end: pieces.append([])
        case .nothing: break collecting
        }
      }
    }
    for bytes in sends {
      link.send(bytes, from: side)
      collect()
    }
    while link.isDelaying { collect() }
    return pieces
  }

  private let sends: [[UInt8]] = (0..<40).map { number in
    (0..<(number * 37 % 1500)).map { UInt8(truncatingIfNeeded: $0 &+ number) }
  }

  @Test(arguments: TLSRole.allCases)
  func `a direct link delivers what was sent as it was sent`(side: TLSRole) {
    var link = SimulatedLink.direct
    #expect(arrivals(&link, of: sends, from: side) == sends.filter { !$0.isEmpty })
    #expect(link.actions.isEmpty)
    #expect(link.deliver(to: side) == .nothing)
  }

  @Test func `harmless faults change nothing but the pieces and the steps`() {
    let all = sends.flatMap { $0 }
    for seed in UInt64(1)...60 {
      for side in TLSRole.allCases {
        var link = SimulatedLink(seed: seed, faults: .harmless)
        #expect(arrivals(&link, of: sends, from: side).flatMap { $0 } == all, "seed \(seed)")
        #expect(link.actions.allSatisfy { $0.isHarmless }, "seed \(seed)")
      }
    }
  }

  @Test func `one seed always does the same, another does something else`() {
    func run(_ seed: UInt64) -> ([[UInt8]], [SimulatedLink.Action]) {
      var link = SimulatedLink(seed: seed, faults: .all)
      return (arrivals(&link, of: sends, from: .client), link.actions)
    }
    for seed in UInt64(1)...50 { #expect(run(seed) == run(seed), "seed \(seed)") }
    #expect(Set((UInt64(1)...50).map { run($0).1.description }).count > 25)
  }

  @Test func `each fault occurs with some seed and is recorded`() {
    var done: Set<String> = []
    for seed in UInt64(1)...200 {
      var link = SimulatedLink(seed: seed, faults: .all)
      _ = arrivals(&link, of: sends, from: .client)
      done.formUnion(link.actions.map { String("\($0)".split(separator: " ")[1]) })
    }
    #expect(done == ["splits", "joins", "delays", "stalls", "flips", "ends"])
  }

  @Test func `a corrupted byte is the only one that differs`() {
    var link = SimulatedLink.corrupting(from: .server, at: 1000, mask: 0x80)
    var expected = Array(sends.joined())
    expected[1000] ^= 0x80
    #expect(arrivals(&link, of: sends, from: .server).joined().elementsEqual(expected))
    #expect(link.actions == [.corrupted(from: .server, at: 1000, mask: 0x80)])
    #expect("\(link.actions[0])" == "link flips 0x80 in byte 1000 from the server")
  }

  @Test(arguments: [0, 1, 37, 38, 5000])
  func `a truncating link ends both directions after exactly that many bytes`(count: Int) {
    var link = SimulatedLink.truncating(from: .client, after: count)
    link.send([1, 2], from: .server)
    let pieces = arrivals(&link, of: sends, from: .client)
    #expect(pieces.joined().elementsEqual(sends.joined().prefix(count)))
    #expect(pieces.last == [])
    #expect(pieces.filter(\.isEmpty).count == 1, "the end is delivered once")
    link.send([3], from: .server)
    #expect(link.deliver(to: .client) == .bytes([1, 2]))
    #expect(link.deliver(to: .client) == .end)
  }

  @Test func `a half-closing link ends one direction`() {
    var link = SimulatedLink.halfClosing(from: .client, after: 3)
    link.send([1, 2, 3, 4], from: .client)
    link.send([5], from: .server)
    #expect(link.deliver(to: .server) == .bytes([1, 2, 3]))
    #expect(link.deliver(to: .server) == .end)
    #expect(link.deliver(to: .client) == .bytes([5]))
    #expect(link.deliver(to: .client) == .nothing)
  }

  @Test func `a stalling link delivers nothing more and does not block a drive`() {
    var link = SimulatedLink.stalling(from: .client, after: 2)
    link.send([1, 2], from: .client)
    link.send([3], from: .client)
    link.end(from: .client)
    #expect(link.deliver(to: .server) == .bytes([1, 2]))
    #expect(link.deliver(to: .server) == .nothing)
    #expect(!link.isDelaying)
  }

  @Test func `bytes that were put back arrive first`() {
    var link = SimulatedLink.direct
    link.send([1, 2, 3], from: .client)
    link.send([4], from: .client)
    link.end(from: .client)
    #expect(link.deliver(to: .server) == .bytes([1, 2, 3]))
    link.putBack([2, 3], to: .server)
    #expect(link.deliver(to: .server) == .bytes([2, 3]))
    #expect(link.deliver(to: .server) == .bytes([4]))
    #expect(link.deliver(to: .server) == .end)
  }

  @Test func `pieces have the requested size`() {
    var link = SimulatedLink.pieces(of: 7)
    let pieces = arrivals(&link, of: [[UInt8](repeating: 1, count: 20)], from: .client)
    #expect(pieces.map(\.count) == [7, 7, 6])
  }
}
