internal import SansIOTLS

/// Repeats a conversation in the same world, with its ciphertext delivered whole, a byte at a time and divided at
/// random, and compares what each side read, reported and sent, byte for byte.
///
/// ```swift
/// try verifyChunking { world, link in
///   var pair = try EnginePair(link: link, in: world)
///   try pair.handshake()
///   _ = try pair.transfer(Array("ping".utf8), from: .client)
///   try pair.shutdown()
///   return pair
/// }
/// ```
///
/// - Parameters:
///   - seed: The seed of the worlds and, incremented, of the random divisions.
///   - cuts: The number of random divisions in addition to the two others.
///   - script: Creates a pair in the given world and on the given link, drives it by the pair's calls, and returns it.
///     It has to do the same each time. Events that it pulls itself are not compared.
/// - Throws: ``ChunkingDifference`` at the first difference; any error of `script` with whole delivery.
public func verifyChunking(
  seed: UInt64 = 1, cuts: Int = 8, of script: (_ world: SeededWorld, _ link: SimulatedLink) throws -> EnginePair
) throws {
  let whole = try ChunkingOutcome(script(SeededWorld(seed: seed), .direct))
  func compare(_ cut: String, _ link: SimulatedLink) throws {
    let outcome: ChunkingOutcome
    do {
      outcome = ChunkingOutcome(try script(SeededWorld(seed: seed), link))
    } catch {
      throw ChunkingDifference(description: "\(cut), the script threw: \(error)")
    }
    if let difference = whole.difference(from: outcome) {
      throw ChunkingDifference(description: "\(cut), \(difference)")
    }
  }
  try compare("one byte at a time", .pieces(of: 1))
  for number in 0..<UInt64(max(cuts, 0)) {
    try compare(
      "divided at random by seed \(seed &+ number)",
      SimulatedLink(seed: seed &+ number, faults: [.splits, .coalesces]))
  }
}

/// The error of a conversation that depended on how its ciphertext was divided.
public struct ChunkingDifference: Error, Sendable, CustomStringConvertible {
  /// A description with the division, the side and the first difference.
  public let description: String
}

/// The observations of the users of both sides.
private struct ChunkingOutcome {
  /// The streams that each side read and sent.
  private var streams: [(name: String, bytes: [UInt8])] = []
  private var facts: [(name: String, text: String)] = []

  init(_ pair: consuming EnginePair) {
    let entries = pair.log.tape?.entries ?? []
    precondition(!entries.isEmpty, "the script has to create its pair in the given world")
    for side in TLSRole.allCases {
      var plaintext: [UInt8] = []
      var early: [UInt8] = []
      var ciphertext: [UInt8] = []
      for entry in entries where entry.side == side {
        guard case .bytes(let bytes) = entry.outcome else { continue }
        switch entry.call {
        case .drain: ciphertext += bytes
        case .read: plaintext += bytes
        case .readEarly: early += bytes
        default: break
        }
      }
      // Ciphertext that the script did not drain belongs to the conversation too.
      ciphertext += pair.drain(from: side)
      streams.append(("what the \(side) read", plaintext))
      streams.append(("the early data that the \(side) read", early))
      streams.append(("what the \(side) sent", ciphertext))
      facts.append(("the \(side)'s failure", Self.failure(of: side, pair)))
      facts.append(("the \(side)'s needs", "\(pair[side].needs)"))
    }
    facts.append(("the client's events", Self.events(&pair.client)))
    facts.append(("the server's events", Self.events(&pair.server)))
  }

  private static func failure(of side: TLSRole, _ pair: borrowing EnginePair) -> String {
    pair[side].failure.map { "\($0)" } ?? "none"
  }

  private static func events(_ engine: inout TLSEngine) -> String {
    var events: [String] = []
    while let event = engine.nextEvent() {
      switch event {
      case .handshakeCompleted: events.append("handshakeCompleted")
      case .earlyData(let outcome): events.append("earlyData \(outcome)")
      case .peerClosed: events.append("peerClosed")
      case .alertReceived(let alert): events.append("alertReceived \(alert)")
      case .sessionTicket: events.append("sessionTicket")
      case .sessionToStore: events.append("sessionToStore")
      case .clientCertificateReceived: events.append("clientCertificateReceived")
      case .renegotiated: events.append("renegotiated")
      }
    }
    return events.joined(separator: ", ")
  }

  func difference(from other: ChunkingOutcome) -> String? {
    for (mine, others) in zip(streams, other.streams) where mine.bytes != others.bytes {
      let place = zip(mine.bytes, others.bytes).prefix { $0 == $1 }.count
      return "\(mine.name) differs from byte \(place) on: \(mine.bytes.count) bytes whole, \(others.bytes.count) cut"
    }
    for (mine, others) in zip(facts, other.facts) where mine.text != others.text {
      return "\(mine.name): \(mine.text) whole, \(others.text) cut"
    }
    return nil
  }
}
