import SansIOTLS
import SansIOTLSTransports

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Streams over sockets whose readers wait for a silent peer.
final class IdleStreams: Sendable {
  private let peers: [Int32]
  private let streams: [TLSStream<FileDescriptorTransport>]
  private let readers: [Task<Void, Never>]

  /// - Parameter count: The number of streams, of three descriptors each with their peer.
  init(_ count: Int, _ contexts: EngineContexts) async throws {
    var (peers, streams): ([Int32], [TLSStream<FileDescriptorTransport>]) = ([], [])
    for _ in 0..<count {
      let (near, far) = try SocketPair.descriptors()
      peers.append(far)
      streams.append(TLSStream(try contexts.makeServer(), over: try SocketPair.transport(near)))
    }
    self.peers = peers
    self.streams = streams
    readers = streams.map { stream in Task { _ = try? await stream.read() } }
    // Each reader starts in a task of its own, and its receiving may too.
    for _ in 0..<count { await Task.yield() }
  }

  /// Ends all of them.
  func close() async {
    for stream in streams { stream.abort() }
    for reader in readers { await reader.value }
    for peer in peers { closeDescriptor(peer) }
  }

}

// The method of this name hides the function.
private func closeDescriptor(_ number: Int32) { _ = close(number) }
