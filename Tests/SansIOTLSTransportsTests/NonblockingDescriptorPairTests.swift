import Glibc
import Testing

@testable import SansIOTLSTransports

@Suite struct NonblockingDescriptorPairTests {
  enum Kind: CaseIterable, Sendable { case pipes, sockets, oneSocket }

  /// A transport, and the far descriptors: it reads from `feeding`, and writes to `taking`.
  private func ends(_ kind: Kind) -> (reading: Int32, writing: Int32, feeding: Int32, taking: Int32) {
    switch kind {
    case .pipes:
      let (inward, outward) = (Channel.pipe(), Channel.pipe())
      return (inward.reading, outward.writing, inward.writing, outward.reading)
    case .sockets:
      let (inward, outward) = (Channel.socketPair(), Channel.socketPair())
      return (inward.0, outward.0, inward.1, outward.1)
    case .oneSocket:
      let pair = Channel.socketPair()
      return (pair.0, pair.0, pair.1, Channel.duplicate(pair.1))
    }
  }

  private func read(
    _ transport: borrowing NonblockingDescriptorPair, atMost count: Int = 4096
  ) throws(TransportError) -> (TransportReading, [UInt8]) {
    var bytes: [UInt8] = []
    var reading = TransportReading.wouldBlock
    try bytes.append(addingCapacity: count) { output throws(TransportError) in
      reading = try transport.read(into: &output)
    }
    return (reading, bytes)
  }

  private func write(_ bytes: [UInt8], _ transport: borrowing NonblockingDescriptorPair) throws(TransportError) -> Int {
    // Sound: a byte has no padding.
    try transport.write(unsafe bytes.span.bytes)
  }

  @Test(arguments: Kind.allCases)
  func `reads what arrived, then waits, then reports the end`(_ kind: Kind) throws {
    let ends = ends(kind)
    defer { close(ends.taking) }
    let transport = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing)
    #expect(try read(transport).0 == .wouldBlock)
    // Sound: the array lives through the call.
    unsafe Glibc.write(ends.feeding, [1, 2, 3] as [UInt8], 3)
    let (reading, bytes) = try read(transport, atMost: 2)
    #expect(reading == .bytes(2))
    #expect(bytes == [1, 2])
    #expect(try read(transport).1 == [3])
    shutdown(ends.feeding, Int32(SHUT_WR))
    close(ends.feeding)
    #expect(try read(transport).0 == .endOfStream)
    #expect(try read(transport).0 == .endOfStream)
  }

  @Test(arguments: Kind.allCases)
  func `accepts what there is room for and never blocks`(_ kind: Kind) throws {
    let ends = ends(kind)
    defer { for end in [ends.feeding, ends.taking] { close(end) } }
    let transport = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing)
    let piece = noise(100_000)
    var sent: [UInt8] = []
    while true {
      let count = try write(piece, transport)
      if count == 0 { break }
      sent += piece[..<count]
      try #require(sent.count < 100_000_000)
    }
    #expect(!sent.isEmpty)
    #expect(Channel.receive(from: Channel.duplicate(ends.taking), limit: sent.count) == sent)
    #expect(try write(piece, transport) > 0)
  }

  @Test(arguments: Kind.allCases)
  func `a reader that is gone causes an error and not a signal`(_ kind: Kind) throws {
    let ends = ends(kind)
    let transport = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing)
    close(ends.feeding)
    close(ends.taking)
    let error = #expect(throws: TransportError.self) { try write([1], transport) }
    #expect(error?.number == EPIPE)
    #expect(error?.operation == .write)
    #expect(error?.isDisconnection == true)
    #expect(error?.description == "write: Broken pipe (errno 32)")
  }

  @Test func `the host's signal mask and disposition stay as they were`() {
    let result = BackgroundThread { () -> (isPending: Bool, isBlocked: Bool, isDefault: Bool) in
      var mask = sigset_t()
      var pending = sigset_t()
      var action = sigaction()
      // Sound: the structures live through the calls, which fill them. The thread that made this one may block signals.
      unsafe sigemptyset(&mask)
      unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
      for _ in 0..<3 { Self.writeWithoutReader() }
      unsafe sigpending(&pending)
      unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
      unsafe sigaction(SIGPIPE, nil, &action)
      return unsafe (
        sigismember(&pending, SIGPIPE) == 1, sigismember(&mask, SIGPIPE) == 1,
        action.__sigaction_handler.sa_handler == nil
      )
    }.value()
    #expect(!result.isPending)
    #expect(!result.isBlocked)
    #expect(result.isDefault)
  }

  @Test func `a signal that the host keeps pending stays pending`() {
    let isStillPending = BackgroundThread { () -> Bool in
      var set = sigset_t()
      var pending = sigset_t()
      // Sound: the sets live through the calls. The thread ends with the signal blocked, and so never receives it.
      unsafe sigemptyset(&set)
      unsafe sigaddset(&set, SIGPIPE)
      unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
      pthread_kill(pthread_self(), SIGPIPE)
      Self.writeWithoutReader()
      unsafe sigpending(&pending)
      return unsafe sigismember(&pending, SIGPIPE) == 1
    }.value()
    #expect(isStillPending)
  }

  @Test(arguments: Kind.allCases)
  func `reads into raw memory after what is there`(_ kind: Kind) throws {
    let ends = ends(kind)
    defer { close(ends.taking) }
    let transport = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing)
    Channel.sendAll([2, 3, 4], to: ends.feeding)
    // Sound: the memory outlives the span, and as much of it is read as the span initialized.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 3, alignment: 1)
    defer { unsafe memory.deallocate() }
    var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
    unsafe output.append(1, as: UInt8.self)
    #expect(try transport.read(into: &output) == .bytes(2))
    let count = unsafe output.finalize(for: memory)
    #expect(unsafe Array(memory[..<count]) == [1, 2, 3])
    close(ends.feeding)
  }

  @Test func `a host that blocks the signal finds none pending`() {
    let result = BackgroundThread { () -> (isPending: Bool, isBlocked: Bool) in
      var set = sigset_t()
      var mask = sigset_t()
      var pending = sigset_t()
      // Sound: the sets live through the calls, which fill them.
      unsafe sigemptyset(&set)
      unsafe sigaddset(&set, SIGPIPE)
      unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
      Self.writeWithoutReader()
      unsafe sigpending(&pending)
      unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
      return unsafe (sigismember(&pending, SIGPIPE) == 1, sigismember(&mask, SIGPIPE) == 1)
    }.value()
    #expect(!result.isPending)
    #expect(result.isBlocked)
  }

  private static func writeWithoutReader() {
    let (inward, outward) = (Channel.pipe(), Channel.pipe())
    // A failure here is one of the test's own setup.
    let transport = try! NonblockingDescriptorPair(reading: inward.reading, writing: outward.writing)
    for end in [inward.writing, outward.reading] { close(end) }
    // Sound: a byte has no padding.
    #expect(throws: TransportError.self) { try transport.write(unsafe [UInt8(1)].span.bytes) }
  }

  @Test(arguments: Kind.allCases)
  func `each direction closes independently`(_ kind: Kind) throws {
    let ends = ends(kind)
    var transport = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing)
    #expect(try write([7, 8], transport) == 2)
    transport.closeOutput()
    #expect(transport.writingDescriptor == nil)
    #expect(Channel.receive(from: ends.taking) == [7, 8])
    let error = #expect(throws: TransportError.self) { try write([9], transport) }
    #expect(error?.number == EBADF)
    Channel.send([4, 5], to: ends.feeding)
    #expect(try read(transport).1 == [4, 5])
    transport.closeInput()
    #expect(transport.readingDescriptor == nil)
    #expect(try read(transport).0 == .endOfStream)
  }

  /// Line feeds become two bytes each on a terminal that is not raw.
  @Test(arguments: [true, false])
  func `a terminal without a reader accepts what there is room for and does not block`(isRaw: Bool) throws {
    let ends = Channel.terminal(isRaw: isRaw)
    defer { close(ends.primary) }
    let transport = try NonblockingDescriptorPair(reading: ends.secondary, writing: ends.secondary)
    #expect(fcntl(ends.secondary, F_GETFL) & O_NONBLOCK == 0)
    let piece = [UInt8](repeating: UInt8(ascii: "\n"), count: 1000)
    var sent = 0
    while true {
      let count = try write(piece, transport)
      if count == 0 { break }
      sent += count
      try #require(sent < 100_000_000)
    }
    #expect(sent > 0)
    #expect(try write(piece, transport) == 0)
    // There is room again as soon as a reader reads.
    var bytes = [UInt8](repeating: 0, count: 4096)
    // Sound: the array lives through the call and is as long as it says.
    let count = unsafe Glibc.read(ends.primary, &bytes, bytes.count)
    #expect(count > 0)
  }

  @Test func `a terminal without input returns at once`() throws {
    let ends = Channel.terminal()
    defer { close(ends.primary) }
    let transport = try NonblockingDescriptorPair(reading: ends.secondary, writing: ends.secondary)
    #expect(try read(transport).0 == .wouldBlock)
    Channel.sendAll([1, 2, 3], to: ends.primary)
    #expect(try read(transport, atMost: 2).1 == [1, 2])
    #expect(try read(transport, atMost: 2).1 == [3])
    #expect(try read(transport).0 == .wouldBlock)
  }

  @Test func `a terminal's primary side reads the end when the secondary has closed`() throws {
    let ends = Channel.terminal()
    let transport = try NonblockingDescriptorPair(reading: ends.primary, writing: ends.primary)
    #expect(try read(transport).0 == .wouldBlock)
    Channel.send([1, 2], to: ends.secondary)
    #expect(try read(transport).1 == [1, 2])
    for _ in 0..<2 { #expect(try read(transport).0 == .endOfStream) }
  }

  @Test func `owned descriptors are closed and borrowed ones left open`() throws {
    for ownership in [NonblockingDescriptorPair.Ownership.owned, .borrowed] {
      let ends = ends(.pipes)
      defer { for end in [ends.feeding, ends.taking] { close(end) } }
      do { _ = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing, ownership: ownership) }
      // A reader without writers reads the end of file, whichever number was reused meanwhile.
      _ = fcntl(ends.taking, F_SETFL, O_NONBLOCK)
      var byte: UInt8 = 0
      // Sound: one byte is read into one byte.
      let count = unsafe Glibc.read(ends.taking, &byte, 1)
      #expect((count == 0) == (ownership == .owned))
      if ownership == .borrowed { for end in [ends.reading, ends.writing] { close(end) } }
    }
  }

  /// Whether calls block is a property shared with the shell, other programs on the same pipe, and children.
  @Test(arguments: [true, false], [0, O_NONBLOCK])
  func `shared status flags never change`(reopensPipes: Bool, flags: Int32) throws {
    let ends = ends(.pipes)
    let (reader, writer) = (Channel.duplicate(ends.reading), Channel.duplicate(ends.writing))
    defer { for end in [reader, writer, ends.feeding, ends.taking] { close(end) } }
    for end in [reader, writer] { _ = fcntl(end, F_SETFL, flags) }
    func areUntouched() -> Bool { [reader, writer].allSatisfy { fcntl($0, F_GETFL) & O_NONBLOCK == flags } }
    do {
      let transport = try NonblockingDescriptorPair(
        reading: ends.reading, writing: ends.writing, ownership: .owned, reopensPipes: reopensPipes)
      #expect(areUntouched())
      #expect(try read(transport).0 == .wouldBlock)
      while try write(noise(100_000), transport) > 0 {}
      #expect(areUntouched())
    }
    #expect(areUntouched())
  }

  /// A FIFO that is open for both directions, as one number or as two of the same open file description.
  @Test(arguments: [true, false], [true, false])
  func `flags that both directions share never change`(isOneNumber: Bool, inputEndsFirst: Bool) throws {
    let pipe = Channel.pipe()
    // Sound: the path lives through the call.
    let number = unsafe open("/dev/fd/\(pipe.reading)", O_RDWR | O_CLOEXEC)
    for end in [pipe.reading, pipe.writing] { close(end) }
    try #require(number >= 0)
    let (witness, second) = (Channel.duplicate(number), isOneNumber ? number : Channel.duplicate(number))
    defer { close(witness) }
    func isBlocking() -> Bool { fcntl(witness, F_GETFL) & O_NONBLOCK == 0 }
    var transport = try NonblockingDescriptorPair(reading: number, writing: second)
    #expect(isBlocking())
    if inputEndsFirst {
      transport.closeInput()
      // There is no other reader: a call that blocked would block permanently.
      while try write(noise(100_000), transport) > 0 {}
    } else {
      transport.closeOutput()
      #expect(try read(transport).0 == .wouldBlock)
    }
    #expect(isBlocking())
    if inputEndsFirst { transport.closeOutput() } else { transport.closeInput() }
    #expect(isBlocking())
  }

  /// If a pipe cannot be opened again, each call uses poll(2) first.
  @Test func `a pipe that cannot be opened a second time does not block either`() throws {
    let ends = ends(.pipes)
    defer { for end in [ends.feeding, ends.taking] { close(end) } }
    let transport = try NonblockingDescriptorPair(
      reading: ends.reading, writing: ends.writing, ownership: .owned, reopensPipes: false)
    #expect(try read(transport).0 == .wouldBlock)
    Channel.sendAll([1, 2, 3], to: ends.feeding)
    #expect(try read(transport, atMost: 2).1 == [1, 2])
    #expect(try read(transport).1 == [3])
    let data = noise(100_000)
    var sent: [UInt8] = []
    while true {
      let count = try write(Array(data[sent.count...]), transport)
      if count == 0 { break }
      sent += data[sent.count..<sent.count + count]
      try #require(sent.count < data.count)
    }
    #expect(!sent.isEmpty)
    #expect(Channel.receive(from: Channel.duplicate(ends.taking), limit: sent.count) == sent)
    #expect(try write(data, transport) > 0)
  }

  /// A FIFO that is opened after its writers have left reports no end to poll(2): the original number still does.
  @Test func `a FIFO whose writer left before is read to its end`() throws {
    let path = "/tmp/transport-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    // Sound: the path lives through the calls.
    let made = unsafe mkfifo(path, 0o600)
    try #require(made == 0)
    defer { _ = unsafe unlink(path) }
    let both = unsafe open(path, O_RDWR | O_CLOEXEC)
    let reading = unsafe open(path, O_RDONLY | O_CLOEXEC)
    try #require(both >= 0 && reading >= 0)
    Channel.send([1, 2, 3], to: both)
    let other = Channel.pipe()
    defer { close(other.reading) }
    let transport = try NonblockingDescriptorPair(reading: reading, writing: other.writing)
    var received: [UInt8] = []
    while true {
      var entry = pollfd(fd: transport.readingDescriptor ?? -1, events: Int16(POLLIN), revents: 0)
      // Sound: one entry, which lives through the call.
      let ready = unsafe poll(&entry, 1, 10_000)
      try #require(ready == 1)
      let (reading, bytes) = try read(transport)
      received += bytes
      if reading == .endOfStream { break }
    }
    #expect(received == [1, 2, 3])
  }

  /// Opening the pipe again would allow what the descriptor does not.
  @Test func `a descriptor of the wrong direction cannot be used`() throws {
    let pipe = Channel.pipe()
    let transport = try NonblockingDescriptorPair(reading: pipe.writing, writing: pipe.reading)
    #expect(throws: TransportError.self) { try write([1], transport) }
    #expect(throws: TransportError.self) { try read(transport) }
  }

  @Test func `sockets keep their flags at all times`() throws {
    let ends = ends(.oneSocket)
    defer { for end in [ends.feeding, ends.taking] { close(end) } }
    let transport = try NonblockingDescriptorPair(reading: ends.reading, writing: ends.writing)
    #expect(fcntl(ends.reading, F_GETFL) & O_NONBLOCK == 0)
    #expect(try read(transport).0 == .wouldBlock)
  }

  /// Descriptors of tests are closed in the programs that other tests start meanwhile.
  @Test func `no end of a channel is inherited`() {
    let (pipe, pair, connection) = (Channel.pipe(), Channel.socketPair(), Channel.connection())
    let terminal = Channel.terminal()
    let ends = [
      pipe.reading, pipe.writing, pair.0, pair.1, connection.0, connection.1, terminal.primary, terminal.secondary,
    ]
    defer { for end in ends { close(end) } }
    #expect(ends.allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 })
  }

  @Test func `a descriptor that is not open is refused`() {
    let error = #expect(throws: TransportError.self) {
      _ = try NonblockingDescriptorPair(reading: Int32.max, writing: 1, ownership: .borrowed)
    }
    #expect(error?.number == EBADF)
    #expect(error?.operation == .prepare)
  }
}
