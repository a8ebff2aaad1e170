/// Divides the bytes of a handshake into flights.
struct HandshakeFlights: Sendable {
  /// The flights, oldest first.
  private(set) var flights: [RelayReport.Flight] = []
  /// The bytes of the outbound stream that they account for.
  private var producedCount = 0

  /// Adds ciphertext that the engine accepted.
  mutating func received(_ byteCount: Int) { add(.received, byteCount) }

  /// Adds the ciphertext that the engine produced since the last call.
  ///
  /// - Parameter total: All ciphertext produced so far, in bytes.
  mutating func produced(inTotal total: Int) {
    add(.sent, total - producedCount)
    producedCount = total
  }

  private mutating func add(_ direction: RelayReport.Direction, _ byteCount: Int) {
    guard byteCount > 0 else { return }
    if let last = flights.indices.last, flights[last].direction == direction {
      flights[last].byteCount += byteCount
    } else {
      flights.append(RelayReport.Flight(direction: direction, byteCount: byteCount))
    }
  }
}
