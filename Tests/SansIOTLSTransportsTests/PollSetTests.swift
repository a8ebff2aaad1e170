import Glibc
import Testing

@testable import SansIOTLSTransports

struct PollSetTests {
  private let reading = Int16(POLLIN)
  private let writing = Int16(POLLOUT)

  @Test func `a descriptor is one entry, however many wait for it`() {
    var set = PollSet()
    for number in [Int32(3), 4, 3, 3] { set.add(number, number == 4 ? writing : reading) }
    set.add(3, writing)
    #expect(set.entries.map(\.fd) == [3, 4])
    #expect(set.entries.map(\.events) == [reading | writing, writing])
  }

  @Test func `reader and writer of one socket are distinguished`() {
    let (near, far) = Channel.socketPair()
    defer { close(near) }
    func look() -> PollSet {
      var set = PollSet()
      set.add(near, reading)
      set.add(near, writing)
      let isAnyReady = (try? set.wait(milliseconds: 0)) == true
      #expect(isAnyReady)
      return set
    }
    #expect(look().isReady(near, writing) && !look().isReady(near, reading))
    Channel.sendAll([1], to: far)
    #expect(look().isReady(near, reading))
    close(far)
    #expect(look().isReady(near, reading) && look().isReady(near, writing))
    #expect(!look().isReady(far, reading))
  }

  @Test func `a descriptor is ready when it has something, and at its end`() {
    let pipe = Channel.pipe()
    #expect(!DescriptorWatch.isReady(pipe.reading, .reading))
    #expect(DescriptorWatch.isReady(pipe.writing, .writing))
    Channel.send([1], to: pipe.writing)
    #expect(DescriptorWatch.isReady(pipe.reading, .reading))
    #expect(Channel.receive(from: Channel.duplicate(pipe.reading)) == [1])
    #expect(DescriptorWatch.isReady(pipe.reading, .reading))
    close(pipe.reading)
  }
}
