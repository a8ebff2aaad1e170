import Glibc
import Testing

@testable import SansIOTLSTransports

/// The poller of systems without epoll(7), tested on all.
struct PollPollerTests {
  private func ready(_ poller: PollPoller, blocks: Bool = false) -> Set<UInt64> {
    var ready: [UInt64] = []
    poller.wait(&ready, blocks: blocks)
    return Set(ready)
  }

  @Test func `a request is reported once, after its event`() throws {
    let poller = try PollPoller()
    let pipes = [Channel.pipe(), Channel.pipe()]
    defer { for end in pipes.flatMap({ [$0.reading, $0.writing] }) { close(end) } }
    for (number, pipe) in pipes.enumerated() {
      #expect(poller.request(pipe.reading, Int16(POLLIN), UInt64(number), isNew: true))
    }
    #expect(ready(poller) == [])
    Channel.sendAll([1], to: pipes[1].writing)
    #expect(ready(poller, blocks: true) == [1])
    // The byte is still there.
    #expect(ready(poller) == [])
    #expect(poller.request(pipes[1].reading, Int16(POLLIN), 1, isNew: false))
    #expect(ready(poller, blocks: true) == [1])
    #expect(poller.request(pipes[1].writing, Int16(POLLOUT), 2, isNew: true))
    #expect(ready(poller, blocks: true) == [2])
  }

  @Test func `the end of the other side is reported`() throws {
    let poller = try PollPoller()
    let pipe = Channel.pipe()
    defer { close(pipe.reading) }
    #expect(poller.request(pipe.reading, Int16(POLLIN), 7, isNew: true))
    close(pipe.writing)
    #expect(ready(poller, blocks: true) == [7])
  }

  @Test func `what was removed is not reported`() throws {
    let poller = try PollPoller()
    let pipe = Channel.pipe()
    defer { for end in [pipe.reading, pipe.writing] { close(end) } }
    Channel.sendAll([1], to: pipe.writing)
    #expect(poller.request(pipe.reading, Int16(POLLIN), 1, isNew: true))
    poller.remove(pipe.reading, 1)
    poller.remove(pipe.reading, 1)
    #expect(ready(poller) == [])
  }

  @Test func `a wake-up ends the next wait, and one alone`() throws {
    let poller = try PollPoller()
    for _ in 0..<3 {
      for _ in 0..<70_000 { poller.wake() }
      #expect(ready(poller, blocks: true) == [])
    }
    let pipe = Channel.pipe()
    defer { for end in [pipe.reading, pipe.writing] { close(end) } }
    // A thread that waits already includes the request.
    let waiting = BackgroundThread { () -> Set<UInt64> in
      var all: Set<UInt64> = []
      while all.isEmpty { all = ready(poller, blocks: true) }
      return all
    }
    Channel.sendAll([1], to: pipe.writing)
    #expect(poller.request(pipe.reading, Int16(POLLIN), 5, isNew: true))
    #expect(waiting.value() == [5])
  }
}
