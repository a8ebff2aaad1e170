import SansIOTLS
import SansIOTLSTransports

// Guide: async client
/// Sends a request over a connected socket and returns the whole response.
public func request(_ request: [UInt8], of name: String, context: TLSContext, socket: Int32) async throws -> [UInt8] {
  let transport = FileDescriptorTransport(try NonblockingDescriptorPair(reading: socket, writing: socket))
  let stream = TLSStream(try TLSEngine(.client(serverName: .dns(name)), context: context), over: transport)
  try await stream.handshake(until: .now + .seconds(10))
  try await stream.write(request)
  try await stream.closeWriting()
  var response: [UInt8] = []
  for try await bytes in stream.plaintext { response += bytes }
  try await stream.close()
  return response
}
// Guide: end

// Guide: async server
/// Answers what a client on an accepted socket sends, until the client closes.
public func serve(_ socket: Int32, context: TLSContext, answer: @Sendable ([UInt8]) -> [UInt8]) async throws {
  let transport = FileDescriptorTransport(try NonblockingDescriptorPair(reading: socket, writing: socket))
  let stream = TLSStream(try TLSEngine(.server, context: context), over: transport)
  do {
    try await stream.handshake(until: .now + .seconds(10))
    for try await bytes in stream.plaintext { try await stream.write(answer(bytes)) }
    try await stream.close()
  } catch {
    try? await stream.close(until: .now + .seconds(1))  // sends the alert that reports the reason
    throw error
  }
}
// Guide: end
