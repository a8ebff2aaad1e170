/// A place in the stack at which the work is done.
enum StreamLayer: String, CaseIterable {
  case engines
  case memory
  case memoryTLS = "memory-tls"
  case sockets
  case socketsTLS = "sockets-tls"

  var name: String {
    switch self {
    case .engines: "two engines"
    case .memory: "MemoryTransport"
    case .memoryTLS: "TLSStream over it"
    case .sockets: "FileDescriptorTransport, Unix sockets"
    case .socketsTLS: "TLSStream over it"
    }
  }
}
