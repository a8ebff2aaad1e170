import SansIOTLSTestKit

// Compares the NIO adapter, and the engine alone, with swift-nio-ssl. Each ratio includes the two different TLS
// libraries: above 1 is slower than swift-nio-ssl with its own BoringSSL.
let identity = TestIdentity.server()
let (adapter, nioSSL) = try (AdapterPeer(identity), NIOSSLPeer(identity))

for scenario in [Scenario.handshakes, .bulk, .pingPong] {
  try Contest(
    name: "\(scenario.name): adapter", ours: try scenario.prepare(adapter), theirs: try scenario.prepare(nioSSL)
  ).run()
}
let engines = try EnginePingPong(adapter, count: 64)
try Contest(
  name: "\(Scenario.pingPong.name): engine alone", ours: { try engines.run(Scenario.roundTrips) },
  theirs: try Scenario.pingPong.prepare(nioSSL)
).run()

let ours = try IdleMemory.measure(adapter)
let theirs = try IdleMemory.measure(nioSSL)
print(
  "an idle connection's heap, an embedded channel included: adapter, hibernating, \((ours / 1000).hundredths) KB,"
    + " swift-nio-ssl \((theirs / 1000).hundredths) KB, ratio \((ours / theirs).hundredths)")
