public import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Pseudo-terminals in raw mode: two ends in one process, like a serial cable.
public enum PseudoTerminal {
  /// Opens a pseudo-terminal.
  ///
  /// - Returns: both ends.
  /// - Throws: `TransportError` if the system has none.
  public static func open() throws(TransportError) -> (FileDescriptorTransport, FileDescriptorTransport) {
    var (primary, secondary): (Int32, Int32) = (-1, -1)
    // No echo, no line editing, no translation.
    var settings = termios()
    // Sound: the descriptors and the settings are valid during the calls, and no name is requested.
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
