import SansIOTLS
import SansIOTLSTransports

// Guide: async client
/// Sends a request and returns the whole response.
public func request(
  _ request: [UInt8], of name: String, context: TLSContext, over transport: some ByteTransport
) async throws -> [UInt8] {
  let stream = TLSStream(try TLSEngine(.client(serverName: .dns(name)), context: context), over: transport)
  try await stream.handshake(until: .now + .seconds(10))
  async let writing: Void = {
    try await stream.write(request)
    try await stream.closeWriting()
  }()
  var response: [UInt8] = []
  for try await bytes in stream.plaintext { response += bytes }
  try await writing
  try await stream.close()
  return response
}
// Guide: end

// Guide: async server
/// Answers what a client sends, until the client closes.
public func serve(
  over transport: some ByteTransport, context: TLSContext, answer: @Sendable ([UInt8]) -> [UInt8]
) async throws {
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

// Guide: socket
/// The transport of a connected socket, which closes it.
public func transport(of socket: Int32) throws(TransportError) -> FileDescriptorTransport {
  FileDescriptorTransport(try NonblockingDescriptorPair(reading: socket, writing: socket))
}
// Guide: end

// Guide: byte transport
/// A connection of another library, which delivers pieces of any size.
public protocol Connection: Sendable {
  func receive() async throws -> [UInt8]?
  func send(_ bytes: [UInt8]) async throws
  func finish() async throws
}

/// The transport over it. What the stream did not ask for is kept for the next call.
public actor ConnectionTransport: ByteTransport {
  private let connection: any Connection
  private var kept: ArraySlice<UInt8> = []

  /// Wraps a connection.
  public init(_ connection: any Connection) { self.connection = connection }

  /// Returns received bytes, at most `count`; `nil` at the end.
  public func receive(upTo count: Int) async throws -> [UInt8]? {
    while kept.isEmpty {
      guard let piece = try await connection.receive() else {
        try Task.checkCancellation()  // a cancelled call is not the end
        return nil
      }
      kept = piece[...]
    }
    defer { kept = kept.dropFirst(count) }
    return Array(kept.prefix(count))
  }

  /// Sends all bytes.
  public nonisolated func send(_ bytes: [UInt8]) async throws { try await connection.send(bytes) }

  /// Ends this direction.
  public nonisolated func closeOutput() async throws { try await connection.finish() }
}
// Guide: end
