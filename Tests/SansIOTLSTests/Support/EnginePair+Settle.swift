import SansIOTLS
import SansIOTLSTestKit

extension EnginePair {
  /// Borrows the engine of one side for `body`.
  mutating func at<Result, E: Error>(
    _ side: TLSRole, _ body: (inout TLSEngine) throws(E) -> Result
  ) throws(E) -> Result {
    side == .client ? try body(&client) : try body(&server)
  }

  /// Transfers everything between the two engines, and reads and discards the plaintext, until nothing is left to transfer.
  mutating func settle() throws {
    repeat {
      for side in TLSRole.allCases { _ = try at(side) { try $0.readAll() } }
    } while step()
  }
}
