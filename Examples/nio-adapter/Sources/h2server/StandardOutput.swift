#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Prints a line and flushes it, because output to a file is otherwise buffered.
func printImmediately(_ line: String) {
  print(line)
  fflush(nil)
}
