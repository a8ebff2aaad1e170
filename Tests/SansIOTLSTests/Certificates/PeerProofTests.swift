import Testing

@testable import SansIOTLS

/// The table of law 15: what a handshake must prove, and what it does prove.
@Suite(.tags(.law15))
struct PeerProofTests {
  @Test(arguments: [
    (PeerProof.Demand.none, [true, true, true, true]),
    (.whereShown, [true, true, false, true]),
    (.always, [false, false, false, true]),
  ])
  func `a proof is sufficient where it answers the demand`(demand: PeerProof.Demand, expected: [Bool]) {
    let proofs = [(false, false), (false, true), (true, false), (true, true)].map {
      PeerProof(demand: demand, hasCertificate: $0.0, isAccepted: $0.1)
    }
    #expect(proofs.map(\.isSufficient) == expected)
  }
}
