#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A line at once, also into a file.
func say(_ line: String) {
  print(line)
  fflush(nil)
}
