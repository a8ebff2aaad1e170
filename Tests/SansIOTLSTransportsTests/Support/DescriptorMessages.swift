import SansIOTLSTransports

/// A message transport whose messages are what one read of a descriptor returns.
struct DescriptorMessages: MessageTransport {
  let base: FileDescriptorTransport
  var maximumMessageSize: Int { 1000 }
  func receiveMessage() async throws(TransportError) -> [UInt8]? { try await base.receive(upTo: 1000) }
  func sendMessage(_ message: [UInt8]) async throws(TransportError) { try await base.send(message) }
  func closeOutput() async throws(TransportError) { base.closeOutput() }
}
