import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A whole conversation of two engines, its ciphertext cut by `nextPiece`, and all that its two users can see of it.
///
/// The ciphertext of two runs cannot be the same: both sides use random numbers. The law is verified by the results
/// (plaintext and events in order), what was wanted at each rest, and the length of each record that was sent.
struct Conversation: ~Copyable {

  struct Outcome: Equatable {
    var plaintext: [TLSRole: [UInt8]] = [:]
    var events: [TLSRole: [String]] = [:]
    /// The needs of both sides when nothing moved, phase by phase.
    var needs: [String] = []
    /// The lengths of the records that each side sent, in order.
    var sent: [TLSRole: [Int]] = [:]
  }

  /// The largest amount that is sent.
  static let clientBytes = pattern(200_000, seed: 1)
  static let serverBytes = pattern(200_000, seed: 2)

  /// A write that neither went nor asked to be drained.
  struct Refused: Error { let step: String }

  var pair: EnginePair
  /// The largest number of bytes fed in the next piece.
  var nextPiece: () -> Int
  /// Whether pieces are appended in the engine's own memory.
  let feedsInPlace: Bool
  private(set) var outcome = Outcome()
  /// Pieces that were fed.
  private(set) var pieces = 0
  private var sent: [TLSRole: [UInt8]] = [.client: [], .server: []]
  private var delivered: [TLSRole: Int] = [.client: 0, .server: 0]

  init(_ pair: consuming EnginePair, feedsInPlace: Bool = false, nextPiece: @escaping () -> Int = { .max }) {
    self.pair = pair
    self.feedsInPlace = feedsInPlace
    self.nextPiece = nextPiece
  }

  /// Handshake, `count` bytes each way, key updates where there are any, half-closes with data after the first.
  mutating func run(count: Int, version: TLSVersion) throws {
    try rest("handshake")
    try send(Self.clientBytes[..<count], from: .client)
    try send(Self.serverBytes[..<count], from: .server)
    try rest("data")
    if version == .tls13 {
      for side in TLSRole.allCases {
        let updated = try pair[side].keyUpdate(requestingPeer: true)
        #expect(updated == .done)
        try rest("\(side)'s key update")
        try send(Self.clientBytes.suffix(100), from: side)
        try send(Self.serverBytes.suffix(100), from: side.peer)
        try rest("data under new keys")
      }
    }
    #expect(try pair.client.closeWriting() == .done)
    try rest("half-close")
    try send(Self.serverBytes.suffix(200), from: .server)
    #expect(try pair.server.closeWriting() == .done)
    try rest("close")
    for side in TLSRole.allCases {
      outcome.sent[side] = recordLengths(sent[side]!)
      #expect(outcome.plaintext[side]?.count ?? 0 >= count)
      #expect(try pair.read(at: side) == .endOfStream)
    }
  }

  /// Writes all, moving what there is whenever the engine has to be drained.
  private mutating func send(_ plaintext: ArraySlice<UInt8>, from side: TLSRole) throws {
    var rest = plaintext
    while !rest.isEmpty {
      switch try pair.write(rest, from: side) {
      case .done(let count): rest = rest.dropFirst(count)
      case .needsDrain: _ = try move()
      case let step: throw Refused(step: "\(step)")
      }
    }
  }

  /// Moves what there is until nothing moves any more, then notes what both sides have seen and need.
  private mutating func rest(_ phase: String) throws {
    while try move() {}
    for side in TLSRole.allCases {
      let (needs, events) = (pair[side].needs, pair[side].allEvents())
      outcome.needs.append("\(phase): \(side) needs \(needs)")
      outcome.events[side, default: []] += events
    }
  }

  private mutating func move() throws -> Bool {
    var moved = false
    for side in TLSRole.allCases {
      sent[side]! += pair[side].drain()
    }
    for side in TLSRole.allCases {
      while delivered[side]! < sent[side.peer]!.count {
        let start = delivered[side]!
        let piece = sent[side.peer]![start...].prefix(max(nextPiece(), 1))
        let accepted = feedsInPlace ? try pair[side].feedInPlace(piece) : try pair[side].feed(piece)
        let read = try pair[side].readAll()
        pieces += 1
        delivered[side]! += accepted
        outcome.plaintext[side, default: []] += read
        if accepted == 0, read.isEmpty { break }
        moved = true
      }
    }
    return moved
  }
}
