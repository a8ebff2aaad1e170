public import SansIOTLS

extension SimulatedLink {
  /// An action of the link. Offsets count the bytes that a side sent, from 0.
  public enum Action: Sendable, Hashable {
    /// The link divided bytes sent at once, before this byte.
    case split(from: TLSRole, at: Int)
    /// The link joined bytes sent separately, at this byte.
    case joined(from: TLSRole, at: Int)
    /// The link delayed the piece that begins at this byte.
    case delayed(from: TLSRole, at: Int, steps: Int)
    /// The link delivered nothing for a longer time.
    case stalled(from: TLSRole, at: Int, steps: Int)
    /// The link permanently stopped delivering and did not report it.
    case stalledPermanently(from: TLSRole, after: Int)
    /// The link flipped bits of one byte.
    case corrupted(from: TLSRole, at: Int, mask: UInt8)
    /// The link ended both directions after this many bytes of one.
    case truncated(from: TLSRole, after: Int)
    /// The link ended one direction after this many bytes.
    case ended(from: TLSRole, after: Int)

    /// Whether a stream may do this at any time, so that TLS must not notice.
    public var isHarmless: Bool {
      switch self {
      case .split, .joined, .delayed, .stalled: true
      case .stalledPermanently, .corrupted, .truncated, .ended: false
      }
    }
  }
}

extension SimulatedLink.Action: CustomStringConvertible {
  /// A description, for example `link flips 0x01 in byte 17 from the client`.
  public var description: String {
    switch self {
    case .split(let side, let offset): "link splits before byte \(offset) from the \(side)"
    case .joined(let side, let offset): "link joins at byte \(offset) from the \(side)"
    case .delayed(let side, let offset, let steps): "link delays byte \(offset) from the \(side) by \(steps) steps"
    case .stalled(let side, let offset, let steps):
      "link stalls before byte \(offset) from the \(side) for \(steps) steps"
    case .stalledPermanently(let side, let count): "link delivers nothing after \(count) bytes from the \(side)"
    case .corrupted(let side, let offset, let mask):
      "link flips 0x\(Hexadecimal.text([mask])) in byte \(offset) from the \(side)"
    case .truncated(let side, let count): "link ends both directions after \(count) bytes from the \(side)"
    case .ended(let side, let count): "link ends after \(count) bytes from the \(side)"
    }
  }
}
