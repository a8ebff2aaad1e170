import SansIOTLS
import SansIOTLSTestKit
import Testing

@testable import GettingStarted

/// The code of the page PreSharedKeys.
struct PreSharedKeyGuideTests {
  private let key = (0..<32).map { UInt8($0) }

  @Test
  func `a device and its server know each other by a key`() throws {
    let own = try TLSPreSharedKey(identity: "thermometer", key: key)
    var pair = try EnginePair(client: device("thermometer", key: key), server: deviceServer([own]))
    try pair.handshake()
    #expect(deviceName(of: pair.server) == Array("thermometer".utf8))
  }

  @Test
  func `a server looks the key up`() throws {
    let own = try TLSPreSharedKey(identity: "thermometer", key: key)
    var configuration = TLSContext.Configuration.server([])
    configuration.pausesAtClientHello = true
    var pair = try EnginePair(client: device("thermometer", key: key), server: TLSContext(configuration))
    while pair.step() {}
    guard case .clientHello(let hello)? = pair.server.question else {
      Issue.record("there is no question")
      return
    }
    try pair.answer(GettingStarted.answer(hello) { $0 == own.identity ? own : nil }, at: .server)
    try pair.handshake()
    #expect(deviceName(of: pair.server) == own.identity)
  }
}
