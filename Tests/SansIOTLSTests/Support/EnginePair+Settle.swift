import SansIOTLS
import SansIOTLSTestKit

extension EnginePair {
  /// Transfers everything between the two engines, and reads and discards the plaintext, until nothing is left to
  /// transfer.
  mutating func settle() throws {
    repeat {
      for side in TLSRole.allCases { _ = try self[side].readAll() }
    } while step()
  }
}
