extension SimulatedLink {
  /// The faults that a link may cause. The seed decides where.
  public struct Faults: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8

    /// Creates a set from its bits.
    ///
    /// - Parameter rawValue: A union of the members' bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bytes sent at once arrive in pieces of 1 to 65,536 bytes, small ones as often as large ones.
    public static let splits = Faults(rawValue: 1 << 0)
    /// Bytes sent in pieces arrive at once.
    public static let coalesces = Faults(rawValue: 1 << 1)
    /// Some pieces arrive one to three steps later, and with them all that follow.
    public static let delays = Faults(rawValue: 1 << 2)
    /// Occasionally a direction delivers nothing for 8 to 32 steps.
    public static let stalls = Faults(rawValue: 1 << 3)
    /// One bit of one byte is flipped, somewhere in the first 65,536 bytes of one direction.
    public static let corrupts = Faults(rawValue: 1 << 4)
    /// Both directions end, after at most 65,535 bytes of one of them.
    public static let truncates = Faults(rawValue: 1 << 5)
    /// One direction ends after at most 65,535 bytes; the other continues.
    public static let halfCloses = Faults(rawValue: 1 << 6)

    /// The faults that TLS must not notice.
    public static let harmless: Faults = [.splits, .coalesces, .delays, .stalls]
    /// All faults.
    public static let all: Faults = [.harmless, .corrupts, .truncates, .halfCloses]
  }
}

extension SplitMix {
  /// Draws a number from 0 to 65,535, small ones as likely as large ones: the number of its bits is drawn first.
  mutating func nextOffset() -> Int {
    let bits = Int.random(in: 0...16, using: &self)
    return Int.random(in: 0..<(1 << bits), using: &self)
  }
}
