import CHeap

#if canImport(Glibc)
  import Glibc
#endif

/// The resident set of this process.
enum ResidentMemory {
  /// Bytes, after the allocator gave its free pages back; 0 where nobody says.
  static var bytes: Int {
    #if canImport(Glibc)
      heap_trim()
      // Sound: the file is closed once, below, and the buffer is as long as is said.
      guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
      defer { unsafe fclose(file) }
      var text = [UInt8](repeating: 0, count: 128)
      let count = unsafe fread(&text, 1, text.count, file)
      let words = String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ")
      return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    #else
      return 0
    #endif
  }
}
