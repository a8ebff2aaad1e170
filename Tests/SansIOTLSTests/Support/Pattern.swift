import SansIOTLSTestKit

/// Bytes that differ from their neighbours, so that a shift or a swap is detected.
func pattern(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
  var random = SplitMix(seed: seed)
  return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}
