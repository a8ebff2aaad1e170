import SansIOTLSTestKit

/// Bytes without a period that buffer sizes could match, the same in each run.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var random = SplitMix(seed: seed)
  // A prime number of random bytes, and then their repetition, which costs less.
  var bytes = (0..<min(count, 65_521)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
  return bytes
}
