import PinnedClient
import SansIOTLSTestKit
import SansIOTLSXCTest
import XCTest

// Guide: xctest
final class PinXCTests: ConversationTestCase {
  func testThePinnedServerIsAccepted() throws {
    let server = TestIdentity.server()
    let pin = try Pin([server.certificate], trust: [server.trust])
    var pair = try EnginePair(pin: pin, server: server)
    try pair.handshake(answering: pin)
  }
}
// Guide: end
