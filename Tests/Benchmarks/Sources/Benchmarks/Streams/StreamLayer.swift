/// A place in the stack at which the work is done.
enum StreamLayer: String, CaseIterable {
  case engines
  case memory
  case memoryTLS = "memory-tls"
  case memorySpans = "memory-tls-spans"
  case sockets
  case socketsTLS = "sockets-tls"
  case socketsSpans = "sockets-tls-spans"

  var name: String {
    switch self {
    case .engines: "two engines"
    case .memory: "MemoryTransport"
    case .memoryTLS: "TLSStream over it, arrays"
    case .memorySpans: "TLSStream over it, spans"
    case .sockets: "FileDescriptorTransport, Unix sockets"
    case .socketsTLS: "TLSStream over it, arrays"
    case .socketsSpans: "TLSStream over it, spans"
    }
  }
}
