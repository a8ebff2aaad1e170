#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Writes out what is printed; into a file or a pipe it would wait.
func flushStreams() { fflush(nil) }
