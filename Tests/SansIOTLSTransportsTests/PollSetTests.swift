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

  @Test(arguments: 1...20) func `descriptors of a set of any size are found`(count: Int32) {
    var set = PollSet()
    for _ in 0..<2 {
      for number in 0..<count { set.add(number, reading) }
      for number in (0..<count).reversed() { set.add(number, writing) }
      #expect(set.entries.map(\.fd) == Array(0..<count))
      #expect(set.entries.allSatisfy { $0.events == reading | writing })
      set.removeAll()
      #expect(set.entries.isEmpty && !set.isReady(0, reading))
    }
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
    #expect(!DescriptorReadiness.isReady(pipe.reading, Int16(POLLIN)))
    #expect(DescriptorReadiness.isReady(pipe.writing, Int16(POLLOUT)))
    Channel.send([1], to: pipe.writing)
    #expect(DescriptorReadiness.isReady(pipe.reading, Int16(POLLIN)))
    #expect(Channel.receive(from: Channel.duplicate(pipe.reading)) == [1])
    #expect(DescriptorReadiness.isReady(pipe.reading, Int16(POLLIN)))
    close(pipe.reading)
  }
}
