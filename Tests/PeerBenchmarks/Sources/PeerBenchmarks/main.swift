import SansIOTLSTestKit

// The NIO adapter beside swift-nio-ssl: both do a scenario in short alternating turns, and the ratio of each two turns is
// taken, so that what else the machine does falls on both. The two TLS libraries below differ too, and are in the ratio.
let turns = 31
let identity = TestIdentity.server()
let (ours, theirs) = try (AdapterPeer(identity), NIOSSLPeer(identity))

/// Seconds that `body` takes.
func time(_ body: () throws -> Void) rethrows -> Double { try ContinuousClock().measure(body) / .seconds(1) }

/// Two decimals.
func text(_ number: Double) -> String {
  let hundredths = Int((number * 100).rounded())
  return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

for scenario in Scenario.all {
  let (adapter, nioSSL) = try (scenario.prepare(ours), scenario.prepare(theirs))
  // The first turns warm caches and allocators.
  try adapter()
  try nioSSL()
  let ratios = try (0..<turns).map { turn in
    // Neither is always the first.
    if turn.isMultiple(of: 2) {
      let first = try time(adapter)
      return first / (try time(nioSSL))
    }
    let first = try time(nioSSL)
    return try time(adapter) / first
  }.sorted()
  print(
    "\(scenario.name): adapter / swift-nio-ssl, time: \(text(ratios[turns / 2]))"
      + " (quartiles \(text(ratios[turns / 4])) to \(text(ratios[turns * 3 / 4])), \(turns) pairs of turns)")
}
