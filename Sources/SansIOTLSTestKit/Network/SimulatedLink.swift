public import SansIOTLS

/// What lies between two engines: a stream of bytes each way, which may do to them all that a real carrier does, in steps
/// of a time of its own. The seed decides where and how much; the same seed and the same sends give the same deliveries.
///
/// ```swift
/// var pair = try EnginePair(link: SimulatedLink(seed: 7, faults: .harmless))
/// var cut = try EnginePair(link: .truncating(from: .server, after: 300))
/// ```
///
/// It stays a stream: bytes keep their order and nothing arrives twice.
public struct SimulatedLink: Sendable {

  /// What arrives at an end.
  public enum Delivery: Sendable, Hashable {
    /// These bytes.
    case bytes([UInt8])
    /// The end of the stream; told once.
    case end
    /// Nothing at this step.
    case nothing
  }

  /// What the seed was, `nil` for a link that leaves nothing to chance.
  public let seed: UInt64?
  /// What the link may do.
  public let faults: Faults
  /// What the link did so far, oldest first, up to 4,096 actions; those after them are counted by ``actionsLeftOut``.
  public private(set) var actions: [Action] = []
  /// How many actions came after ``actions`` was full.
  public private(set) var actionsLeftOut = 0

  private var random: SplitMix
  private var now = 0
  private var fromClient: Lane
  private var fromServer: Lane

  /// Makes a link that does to the bytes what a seed decides.
  ///
  /// - Parameters:
  ///   - seed: any number.
  ///   - faults: what the link may do.
  public init(seed: UInt64, faults: Faults = .harmless) {
    self.init(seed: seed, faults: faults, random: SplitMix(seed: seed))
    if faults.contains(.corrupts) {
      let side = randomSide()
      self[side].corruption = (offset: random.nextOffset(), mask: UInt8(1) << UInt8.random(in: 0..<8, using: &random))
    }
    if faults.contains(.truncates) {
      let side = randomSide()
      self[side].end = random.nextOffset()
      self[side].endTakesBoth = true
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

  // MARK: Links without chance

  /// What is sent arrives in the same step, in the pieces that it was sent in.
  public static let direct = SimulatedLink(seed: nil, faults: [], random: SplitMix(seed: 0))

  /// Delivers in pieces of one size.
  ///
  /// - Parameter count: bytes in each piece but the last of each send, 1 or more.
  /// - Returns: the link.
  public static func pieces(of count: Int) -> SimulatedLink {
    var link = direct
    link.pieceSize = max(count, 1)
    return link
  }

  /// Delivers one byte with a bit flipped.
  ///
  /// - Parameters:
  ///   - side: the sender.
  ///   - offset: the byte, counted from 0 in all that the side sends.
  ///   - mask: the bits to flip, not 0.
  /// - Returns: the link.
  public static func corrupting(from side: TLSRole, at offset: Int, mask: UInt8 = 1) -> SimulatedLink {
    var link = direct
    link[side].corruption = (offset, mask)
    return link
  }

  /// Ends, in both directions, when one side has sent so many bytes; what was on its way before still arrives.
  ///
  /// - Parameters:
  ///   - side: the sender whose bytes count.
  ///   - count: how many of its bytes arrive.
  /// - Returns: the link.
  public static func truncating(from side: TLSRole, after count: Int) -> SimulatedLink {
    var link = direct
    link[side].end = count
    link[side].endTakesBoth = true
    return link
  }

  /// Ends in one direction; the other goes on.
  ///
  /// - Parameters:
  ///   - side: the sender.
  ///   - count: how many of its bytes arrive.
  /// - Returns: the link.
  public static func halfClosing(from side: TLSRole, after count: Int) -> SimulatedLink {
    var link = direct
    link[side].end = count
    return link
  }

  /// Delivers no more in one direction, and never says so: what is sent is on its way for ever.
  ///
  /// - Parameters:
  ///   - side: the sender.
  ///   - count: how many of its bytes arrive.
  /// - Returns: the link.
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
  ///   - bytes: any number; behind the end of the direction they are lost.
  ///   - side: the sender.
  public mutating func send(_ bytes: [UInt8], from side: TLSRole) {
    var rest = bytes[...]
    if let end = self[side].end, self[side].sent + rest.count >= end {
      rest = rest.prefix(max(end - self[side].sent, 0))
    }
    let reachesEnd = !self[side].hasEnded && self[side].sent + rest.count == self[side].end
    if self[side].hasEnded { rest = [] }
    while !rest.isEmpty {
      var piece = Array(rest.prefix(nextPieceSize(of: rest.count)))
      rest = rest.dropFirst(piece.count)
      if !rest.isEmpty { note(.split(from: side, at: self[side].sent + piece.count)) }
      corrupt(&piece, from: side)
      let isStalled = self[side].stall.map { self[side].sent >= $0 } ?? false
      if isStalled, !self[side].isStalled {
        self[side].isStalled = true
        note(.stalledForGood(from: side, after: self[side].sent))
      }
      self[side].append(piece, due: isStalled ? .max : now + nextDelay(from: side))
    }
    if reachesEnd {
      note(
        self[side].endTakesBoth
          ? .truncated(from: side, after: self[side].sent) : .ended(from: side, after: self[side].sent))
      self[side].hasEnded = true
      if self[side].endTakesBoth { self[side.peer].hasEnded = true }
    }
  }

  /// Ends one direction: behind what is on its way, the other side sees the end.
  ///
  /// - Parameter side: the sender.
  public mutating func end(from side: TLSRole) {
    guard !self[side].hasEnded else { return }
    note(.ended(from: side, after: self[side].sent))
    self[side].hasEnded = true
  }

  /// Lets one step of time pass.
  public mutating func step() { now += 1 }

  /// Takes what has arrived at one side, a piece at a time.
  ///
  /// - Parameter side: the receiver.
  /// - Returns: a piece, the end, or nothing; then there is no more until the next ``step()``.
  public mutating func deliver(to side: TLSRole) -> Delivery {
    let sender = side.peer
    guard var bytes = self[sender].next(due: now) else {
      guard self[sender].hasEnded, self[sender].isEmpty, !self[sender].endIsTold else { return .nothing }
      self[sender].endIsTold = true
      return .end
    }
    while faults.contains(.coalesces), Bool.random(using: &random), let more = self[sender].next(due: now) {
      note(.joined(from: sender, at: self[sender].taken - more.count))
      bytes += more
    }
    return .bytes(bytes)
  }

  /// Gives back the rest of a piece that the receiver did not take; it is the first to arrive next.
  ///
  /// - Parameters:
  ///   - bytes: the end of what the last delivery to that side was.
  ///   - side: the receiver.
  public mutating func putBack(_ bytes: [UInt8], to side: TLSRole) { self[side.peer].putBack(bytes) }

  /// Whether something is on its way that has not arrived yet and will.
  public var isDelaying: Bool { isDelaying(to: .client) || isDelaying(to: .server) }

  /// Whether something is on its way to one side that has not arrived yet and will.
  ///
  /// - Parameter side: the receiver.
  /// - Returns: whether waiting will help.
  public func isDelaying(to side: TLSRole) -> Bool { self[side.peer].isDelaying(at: now) }

  /// Whether a side would be delivered something, now or after some steps.
  func hasNews(for side: TLSRole) -> Bool {
    let lane = self[side.peer]
    return lane.isArriving || lane.isEmpty && lane.hasEnded && !lane.endIsTold
  }

  // MARK: Chance

  private mutating func nextPieceSize(of count: Int) -> Int {
    if let pieceSize { return min(pieceSize, count) }
    guard faults.contains(.splits) else { return count }
    return min(random.nextOffset() + 1, count)
  }

  private mutating func nextDelay(from side: TLSRole) -> Int {
    var delay = 0
    if faults.contains(.delays), Int.random(in: 0..<4, using: &random) == 0 {
      delay = Int.random(in: 1...3, using: &random)
      note(.delayed(from: side, at: self[side].sent, steps: delay))
    }
    if faults.contains(.stalls), Int.random(in: 0..<16, using: &random) == 0 {
      delay += Int.random(in: 8...32, using: &random)
      note(.stalled(from: side, at: self[side].sent, steps: delay))
    }
    return delay
  }

  private mutating func corrupt(_ piece: inout [UInt8], from side: TLSRole) {
    guard let corruption = self[side].corruption else { return }
    let index = corruption.offset - self[side].sent
    guard piece.indices.contains(index) else { return }
    piece[index] ^= corruption.mask
    note(.corrupted(from: side, at: corruption.offset, mask: corruption.mask))
  }

  private mutating func note(_ action: Action) {
    if actions.count < 4096 { actions.append(action) } else { actionsLeftOut += 1 }
  }

  private subscript(side: TLSRole) -> Lane {
    get { side == .client ? fromClient : fromServer }
    _modify { if side == .client { yield &fromClient } else { yield &fromServer } }
  }
}

extension SimulatedLink {
  /// What a link may do to the bytes. A seed decides where.
  public struct Faults: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Wraps the bits.
    ///
    /// - Parameter rawValue: a union of the members' bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// What was sent at once arrives in pieces of 1 to 65,536 bytes, small ones as often as large ones.
    public static let splits = Faults(rawValue: 1 << 0)
    /// What was sent in pieces arrives at once.
    public static let coalesces = Faults(rawValue: 1 << 1)
    /// Some pieces arrive one to three steps later, and all behind them.
    public static let delays = Faults(rawValue: 1 << 2)
    /// Now and then a direction stands still for 8 to 32 steps.
    public static let stalls = Faults(rawValue: 1 << 3)
    /// One bit of one byte is flipped, somewhere in the first 65,536 bytes of one direction.
    public static let corrupts = Faults(rawValue: 1 << 4)
    /// Both directions end, after at most 65,535 bytes of one of them.
    public static let truncates = Faults(rawValue: 1 << 5)
    /// One direction ends after at most 65,535 bytes; the other goes on.
    public static let halfCloses = Faults(rawValue: 1 << 6)

    /// What TLS must not notice.
    public static let harmless: Faults = [.splits, .coalesces, .delays, .stalls]
    /// Everything.
    public static let all: Faults = [.harmless, .corrupts, .truncates, .halfCloses]
  }

  /// Something that the link did. Offsets count the bytes that a side sent, from 0.
  public enum Action: Sendable, Hashable {
    /// It cut what was sent at once before this byte.
    case split(from: TLSRole, at: Int)
    /// It joined what was sent apart, at this byte.
    case joined(from: TLSRole, at: Int)
    /// It held back the piece that begins at this byte.
    case delayed(from: TLSRole, at: Int, steps: Int)
    /// It stood still, for longer.
    case stalled(from: TLSRole, at: Int, steps: Int)
    /// It delivers nothing more and does not say so.
    case stalledForGood(from: TLSRole, after: Int)
    /// It flipped bits of one byte.
    case corrupted(from: TLSRole, at: Int, mask: UInt8)
    /// It ended both directions after so many bytes of one.
    case truncated(from: TLSRole, after: Int)
    /// It ended one direction after so many bytes.
    case ended(from: TLSRole, after: Int)

    /// Whether a stream may do this at any time, so that nobody should notice.
    public var isHarmless: Bool {
      switch self {
      case .split, .joined, .delayed, .stalled: true
      case .stalledForGood, .corrupted, .truncated, .ended: false
      }
    }
  }
}

extension SimulatedLink.Action: CustomStringConvertible {
  /// The action in words, for example `link flips 0x01 in byte 17 from the client`.
  public var description: String {
    switch self {
    case .split(let side, let offset): "link cuts before byte \(offset) from the \(side)"
    case .joined(let side, let offset): "link joins at byte \(offset) from the \(side)"
    case .delayed(let side, let offset, let steps): "link delays byte \(offset) from the \(side) by \(steps) steps"
    case .stalled(let side, let offset, let steps):
      "link stands still before byte \(offset) from the \(side) for \(steps) steps"
    case .stalledForGood(let side, let count): "link delivers nothing behind \(count) bytes from the \(side)"
    case .corrupted(let side, let offset, let mask):
      "link flips 0x\(Hexadecimal.text([mask])) in byte \(offset) from the \(side)"
    case .truncated(let side, let count): "link ends both ways after \(count) bytes from the \(side)"
    case .ended(let side, let count): "link ends after \(count) bytes from the \(side)"
    }
  }
}

extension SplitMix {
  /// A number from 0 to 65,535, small ones as likely as large ones: the number of its bits is drawn first.
  mutating func nextOffset() -> Int {
    let bits = Int.random(in: 0...16, using: &self)
    return Int.random(in: 0..<(1 << bits), using: &self)
  }
}
