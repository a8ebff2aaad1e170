public import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A pseudo-terminal in raw mode: two ends in one process, like a serial cable.
public enum PseudoTerminal {
  /// - Returns: both ends.
  public static func open() throws(TransportError) -> (FileDescriptorTransport, FileDescriptorTransport) {
    var (primary, secondary): (Int32, Int32) = (-1, -1)
    // No echo, no line editing, no translation: bytes are bytes.
    var settings = termios()
    // Sound: the numbers and the settings live through the calls; no name is asked for.
    unsafe cfmakeraw(&settings)
    guard unsafe openpty(&primary, &secondary, nil, &settings, nil) == 0 else {
      throw TransportError(.prepare, number: errno)
    }
    return (
      FileDescriptorTransport(try NonblockingDescriptorPair(reading: primary, writing: primary)),
      FileDescriptorTransport(try NonblockingDescriptorPair(reading: secondary, writing: secondary))
    )
  }
}
