import SansIOTLSTransports
import Synchronization
import Testing

/// Messages as a stream of bytes.
struct MessageStreamTests {
  /// A carrier with prepared messages that keeps what is sent.
  private final class Carrier: MessageTransport {
    typealias Failure = Never

    let maximumMessageSize: Int
    private let inbound: Mutex<[[UInt8]]>
    private let outbound = Mutex<[[UInt8]]>([])

    init(_ messages: [[UInt8]] = [], maximumMessageSize: Int = 100) {
      inbound = Mutex(messages)
      self.maximumMessageSize = maximumMessageSize
    }

    var sent: [[UInt8]] { outbound.withLock { $0 } }

    func receiveMessage() async -> [UInt8]? { inbound.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    func sendMessage(_ message: [UInt8]) async { outbound.withLock { $0.append(message) } }
    func closeOutput() async {}
  }

  @Test(arguments: [1, 3, 10, 100])
  func `a message longer than requested arrives in pieces without loss`(count: Int) async {
    let messages: [[UInt8]] = [Array(0..<10), [], Array(10..<11), Array(11..<36)]
    let stream = MessageStream(Carrier(messages))
    var received: [UInt8] = []
    while let piece = await stream.receive(upTo: count) {
      #expect((1...count).contains(piece.count))
      received += piece
    }
    #expect(received == Array(0..<36))
  }

  @Test(arguments: [1, 7, 20, 100])
  func `bytes are sent in as few messages as the carrier's limit allows`(size: Int) async {
    let carrier = Carrier(maximumMessageSize: size)
    let stream = MessageStream(carrier)
    await stream.send(Array(0..<20))
    #expect(carrier.sent.flatMap(\.self) == Array(0..<20))
    #expect(carrier.sent.count == (20 + size - 1) / size)
    #expect(carrier.sent.allSatisfy { $0.count <= size })
  }
}
