// Guide: first
import SansIOTLSSwiftTesting
import SansIOTLSTestKit
import Testing

@Test(.conversations)
func `the server receives the client's data`() throws {
  var pair = try EnginePair()
  try pair.handshake()
  #expect(try pair.transfer(Array("hello".utf8), from: .client) == Array("hello".utf8))
  try pair.shutdown()
}
// Guide: end

// Guide: resumption
@Test(.conversations)
func `the second connection resumes the first`() throws {
  var first = try EnginePair()
  try first.handshake()
  var second = try first.resumed()
  try second.handshake()
  #expect(second.server.negotiated?.isResumed == true)
}
// Guide: end
