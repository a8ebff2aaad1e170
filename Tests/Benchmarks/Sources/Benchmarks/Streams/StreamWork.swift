import SansIOTLS

/// The repeated work of two tasks, one at each end.
enum StreamWork: String, CaseIterable {
  /// A message to the other end and one back.
  case roundTrip = "round-trip"
  /// A message to the other end.
  case bulk

  var messageSize: Int { self == .roundTrip ? 64 : 65_536 }

  var name: String { self == .roundTrip ? "64-byte round trips" : "64 KiB one way" }

  /// The same work for engines without a stream.
  var scenario: Scenario {
    switch self {
    case .roundTrip: Scenario(name: name, version: .tls13, work: .roundTrip(bytes: messageSize))
    case .bulk: Scenario(name: name, version: .tls13, work: .message(bytes: messageSize))
    }
  }

  /// Formats a rate per CPU second.
  func rate(_ repetitions: Double) -> String {
    self == .roundTrip
      ? "\(repetitions.fixed(0)) /s" : "\((repetitions * Double(messageSize) / 1e6).fixed(0)) MB/s"
  }
}
