import SansIOTLS

/// The repeated work, the same for both loops.
struct Scenario {
  enum Work {
    /// A full handshake with a verified P-256 certificate, with new objects that are freed after it.
    case handshake
    /// The same with the session of the connection before, which is resumed.
    case resumedHandshake
    /// A message from client to server, received before the next is sent.
    case message(bytes: Int)
    /// A message to the server and one back.
    case roundTrip(bytes: Int)
  }

  let name: String
  let version: TLSVersion
  let work: Work
  /// The least acceptable ratio of the engine's rate to the reference's; `nil` for none.
  var timeBar: Double?
  /// The largest acceptable ratio of the engine's instructions to the reference's; `nil` for none.
  var instructionBar: Double?

  /// A message of 64 KiB exceeds the BIO pair's buffers: C writes, moves and reads one record at a time, but the engine
  /// accepts all of it in one call.
  static let all = [
    Scenario(name: "handshake-1.3", version: .tls13, work: .handshake, timeBar: 0.97),
    Scenario(name: "handshake-1.2", version: .tls12, work: .handshake, timeBar: 0.97),
    Scenario(
      name: "handshake-1.3-resumed", version: .tls13, work: .resumedHandshake, timeBar: 0.97, instructionBar: 1.03),
    Scenario(name: "message-64k", version: .tls13, work: .message(bytes: 65536), timeBar: 0.97, instructionBar: 1.03),
    Scenario(name: "message-16k", version: .tls13, work: .message(bytes: 16384), timeBar: 0.97, instructionBar: 1.03),
    Scenario(name: "message-4k", version: .tls13, work: .message(bytes: 4096), timeBar: 0.97, instructionBar: 1.03),
    Scenario(
      name: "round-trip-512", version: .tls13, work: .roundTrip(bytes: 512), timeBar: 0.97, instructionBar: 1.03),
    Scenario(name: "round-trip-64", version: .tls13, work: .roundTrip(bytes: 64), timeBar: 0.97, instructionBar: 1.03),
  ]

  /// The scenarios of a connection's steady state in both versions, which must not allocate.
  static let steady = [TLSVersion.tls12, .tls13].flatMap { version in
    [
      Scenario(name: "message-64k \(version)", version: version, work: .message(bytes: 65536)),
      Scenario(name: "message-16k \(version)", version: version, work: .message(bytes: 16384)),
      Scenario(name: "message-4k \(version)", version: version, work: .message(bytes: 4096)),
      Scenario(name: "round-trip-64 \(version)", version: version, work: .roundTrip(bytes: 64)),
    ]
  }

  /// The repetitions for a count of instructions: enough to exceed a run's noise, and few enough for valgrind.
  var instructionCount: Int {
    switch work {
    case .handshake, .resumedHandshake: 20
    case .message: 1000
    case .roundTrip: 2000
    }
  }

  /// Formats a rate: handshakes, megabytes (10^6) or round trips per second.
  func rate(perSecond repetitions: Double) -> String {
    switch work {
    case .handshake, .resumedHandshake: "\(repetitions.fixed(0)) /s"
    case .message(let bytes): "\((repetitions * Double(bytes) / 1e6).fixed(0)) MB/s"
    case .roundTrip: "\((repetitions / 1000).fixed(1)) k/s"
    }
  }
}
