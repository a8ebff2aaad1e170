import Glibc
import SansIOTLSTransports

/// TCP sockets on the loopback interface, for tests that look at an engine while a program of others is its peer.
enum LoopbackSocket {
  struct Failure: Error { let call: String }

  /// A socket that listens on a port chosen by the kernel.
  struct Listening: ~Copyable {
    let port: Int
    private let descriptor: Int32

    init() throws {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      self.descriptor = descriptor
      var address = LoopbackSocket.address(port: 0)
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      // Sound: the structure is valid during the calls, and of the size given.
      let isBound = unsafe withUnsafeMutablePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
        }
      }
      port = Int(UInt16(bigEndian: address.sin_port))
      var limit = timeval(tv_sec: 60, tv_usec: 0)
      // Sound: the structure is valid during the call, and of the size given.
      let isLimited = unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
      guard isBound, isLimited == 0, listen(descriptor, 8) == 0 else { throw Failure(call: "listen") }
    }

    deinit { close(descriptor) }

    /// Returns the connection of a client that has been started: the thread waits for it, a minute at most.
    func accept() throws -> FileDescriptorTransport {
      let client = Glibc.accept(descriptor, nil, nil)
      guard client >= 0 else { throw Failure(call: "accept") }
      return FileDescriptorTransport(try NonblockingDescriptorPair(reading: client, writing: client))
    }
  }

  /// Connects to a port.
  static func connect(port: Int) throws -> FileDescriptorTransport {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = address(port: port)
    // Sound: the structure is valid during the call, and of the size given.
    let result = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(call: "connect") }
    return FileDescriptorTransport(try NonblockingDescriptorPair(reading: descriptor, writing: descriptor))
  }

  private static func address(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return address
  }
}
