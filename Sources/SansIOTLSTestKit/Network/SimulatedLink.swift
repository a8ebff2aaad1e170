public import SansIOTLS

/// A simulated network between two engines: a stream of bytes in each direction with the faults of a real transport, in
/// steps of its own time. The seed decides where and how much; the same seed and the same sends give the same
/// deliveries.
///
/// ```swift
/// var pair = try EnginePair(link: SimulatedLink(seed: 7, faults: .harmless))
/// var cut = try EnginePair(link: .truncating(from: .server, after: 300))
/// ```
///
/// It remains a stream: bytes keep their order and nothing arrives twice.
public struct SimulatedLink: Sendable {

  /// A delivery to one side.
  public enum Delivery: Sendable, Hashable {
    /// Bytes.
    case bytes([UInt8])
    /// The end of the stream; delivered once.
    case end
    /// Nothing at this step.
    case nothing
  }

  /// The seed; `nil` for a link without random faults.
  public let seed: UInt64?
  /// The faults that the link may cause.
  public let faults: Faults
  /// The actions of the link, oldest first, up to 4,096; later ones are counted by ``omittedActionCount``.
  public private(set) var actions: [Action] = []
  /// The number of actions after ``actions`` was full.
  public private(set) var omittedActionCount = 0

  private var random: SplitMix
  private var now = 0
  private var fromClient: Lane
  private var fromServer: Lane

  /// Creates a link with random faults.
  ///
  /// - Parameters:
  ///   - seed: Any number.
  ///   - faults: The faults that the link may cause.
  public init(seed: UInt64, faults: Faults = .harmless) {
    self.init(seed: seed, faults: faults, random: SplitMix(seed: seed))
    if faults.contains(.corrupts) {
      let side = randomSide()
      self[side].corruption = (offset: random.nextOffset(), mask: UInt8(1) << UInt8.random(in: 0..<8, using: &random))
    }
    if faults.contains(.truncates) {
      let side = randomSide()
      self[side].end = random.nextOffset()
      self[side].endsBoth = true
    }
    if faults.contains(.halfCloses) {
      let side = randomSide()
      self[side].end = min(self[side].end ?? .max, random.nextOffset())
    }
  }

  private init(seed: UInt64?, faults: Faults, random: SplitMix) {
    self.seed = seed
    self.faults = faults
    self.random = random
    fromClient = Lane()
    fromServer = Lane()
  }

  private mutating func randomSide() -> TLSRole { Bool.random(using: &random) ? .client : .server }

  // MARK: Links without random faults

  /// A link that delivers in the same step, in the pieces that were sent.
  public static let direct = SimulatedLink(seed: nil, faults: [], random: SplitMix(seed: 0))

  /// Creates a link that delivers in pieces of one size.
  ///
  /// - Parameter count: Bytes in each piece but the last of each send, 1 or more.
  /// - Returns: The link.
  public static func pieces(of count: Int) -> SimulatedLink {
    var link = direct
    link.pieceSize = max(count, 1)
    return link
  }

  /// Creates a link that delivers one byte with bits flipped.
  ///
  /// - Parameters:
  ///   - side: The sender.
  ///   - offset: The byte, counted from 0 in all that the side sends.
  ///   - mask: The bits to flip, not 0.
  /// - Returns: The link.
  public static func corrupting(from side: TLSRole, at offset: Int, mask: UInt8 = 1) -> SimulatedLink {
    var link = direct
    link[side].corruption = (offset, mask)
    return link
  }

  /// Creates a link that ends both directions after one side has sent a number of bytes; those sent before still
  /// arrive.
  ///
  /// - Parameters:
  ///   - side: The sender whose bytes count.
  ///   - count: The number of its bytes that arrive.
  /// - Returns: The link.
  public static func truncating(from side: TLSRole, after count: Int) -> SimulatedLink {
    var link = direct
    link[side].end = count
    link[side].endsBoth = true
    return link
  }

  /// Creates a link that ends one direction; the other continues.
  ///
  /// - Parameters:
  ///   - side: The sender.
  ///   - count: The number of its bytes that arrive.
  /// - Returns: The link.
  public static func halfClosing(from side: TLSRole, after count: Int) -> SimulatedLink {
    var link = direct
    link[side].end = count
    return link
  }

  /// Creates a link that permanently stops delivering in one direction without reporting it.
  ///
  /// - Parameters:
  ///   - side: The sender.
  ///   - count: The number of its bytes that arrive.
  /// - Returns: The link.
  public static func stalling(from side: TLSRole, after count: Int) -> SimulatedLink {
    var link = direct
    link[side].stall = count
    return link
  }

  private var pieceSize: Int?

  // MARK: Moving

  /// Sends bytes.
  ///
  /// - Parameters:
  ///   - bytes: Any number of bytes. After the end of the direction they are lost.
  ///   - side: The sender.
  public mutating func send(_ bytes: [UInt8], from side: TLSRole) {
    var rest = bytes[...]
    if let end = self[side].end, self[side].sentCount + rest.count >= end {
      rest = rest.prefix(max(end - self[side].sentCount, 0))
    }
    let reachesEnd = !self[side].hasEnded && self[side].sentCount + rest.count == self[side].end
    if self[side].hasEnded { rest = [] }
    while !rest.isEmpty {
      var piece = Array(rest.prefix(nextPieceSize(of: rest.count)))
      rest = rest.dropFirst(piece.count)
      if !rest.isEmpty { note(.split(from: side, at: self[side].sentCount + piece.count)) }
      corrupt(&piece, from: side)
      let isStalled = self[side].stall.map { self[side].sentCount >= $0 } ?? false
      if isStalled, !self[side].isStalled {
        self[side].isStalled = true
        note(.stalledPermanently(from: side, after: self[side].sentCount))
      }
      self[side].append(piece, due: isStalled ? .max : now + nextDelay(from: side))
    }
    if reachesEnd {
      note(
        self[side].endsBoth
          ? .truncated(from: side, after: self[side].sentCount) : .ended(from: side, after: self[side].sentCount))
      self[side].hasEnded = true
      if self[side].endsBoth { self[side.peer].hasEnded = true }
    }
  }

  /// Ends one direction. The other side receives the end after the bytes on their way.
  ///
  /// - Parameter side: The sender.
  public mutating func end(from side: TLSRole) {
    guard !self[side].hasEnded else { return }
    note(.ended(from: side, after: self[side].sentCount))
    self[side].hasEnded = true
  }

  /// Advances the time by one step.
  public mutating func step() { now += 1 }

  /// Returns what has arrived at one side, one piece in each call.
  ///
  /// - Parameter side: The receiver.
  /// - Returns: A piece, the end, or nothing; after the latter nothing arrives before the next ``step()``.
  public mutating func deliver(to side: TLSRole) -> Delivery {
    let sender = side.peer
    guard var bytes = self[sender].next(due: now) else {
      guard self[sender].hasEnded, self[sender].isEmpty, !self[sender].endIsDelivered else { return .nothing }
      self[sender].endIsDelivered = true
      return .end
    }
    while faults.contains(.coalesces), Bool.random(using: &random), let more = self[sender].next(due: now) {
      note(.joined(from: sender, at: self[sender].deliveredCount - more.count))
      bytes += more
    }
    return .bytes(bytes)
  }

  /// Returns the remainder of a piece that the receiver did not accept; it is delivered next.
  ///
  /// - Parameters:
  ///   - bytes: The last bytes of the latest delivery to that side.
  ///   - side: The receiver.
  public mutating func putBack(_ bytes: [UInt8], to side: TLSRole) { self[side.peer].putBack(bytes) }

  /// Whether something on its way will arrive at a later step.
  public var isDelaying: Bool { isDelaying(to: .client) || isDelaying(to: .server) }

  /// Whether something on its way to one side will arrive at a later step.
  ///
  /// - Parameter side: The receiver.
  /// - Returns: Whether more steps deliver something.
  public func isDelaying(to side: TLSRole) -> Bool { self[side.peer].isDelaying(at: now) }

  /// Whether something will be delivered to a side, now or at a later step.
  func hasDelivery(for side: TLSRole) -> Bool {
    let lane = self[side.peer]
    return lane.isArriving || lane.isEmpty && lane.hasEnded && !lane.endIsDelivered
  }

  // MARK: Random faults

  private mutating func nextPieceSize(of count: Int) -> Int {
    if let pieceSize { return min(pieceSize, count) }
    guard faults.contains(.splits) else { return count }
    return min(random.nextOffset() + 1, count)
  }

  private mutating func nextDelay(from side: TLSRole) -> Int {
    var delay = 0
    if faults.contains(.delays), Int.random(in: 0..<4, using: &random) == 0 {
      delay = Int.random(in: 1...3, using: &random)
      note(.delayed(from: side, at: self[side].sentCount, steps: delay))
    }
    if faults.contains(.stalls), Int.random(in: 0..<16, using: &random) == 0 {
      delay += Int.random(in: 8...32, using: &random)
      note(.stalled(from: side, at: self[side].sentCount, steps: delay))
    }
    return delay
  }

  private mutating func corrupt(_ piece: inout [UInt8], from side: TLSRole) {
    guard let corruption = self[side].corruption else { return }
    let index = corruption.offset - self[side].sentCount
    guard piece.indices.contains(index) else { return }
    piece[index] ^= corruption.mask
    note(.corrupted(from: side, at: corruption.offset, mask: corruption.mask))
  }

  private mutating func note(_ action: Action) {
    if actions.count < 4096 { actions.append(action) } else { omittedActionCount += 1 }
  }

  private subscript(side: TLSRole) -> Lane {
    get { side == .client ? fromClient : fromServer }
    _modify { if side == .client { yield &fromClient } else { yield &fromServer } }
  }
}
