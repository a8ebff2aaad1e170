import CHeap

#if canImport(Glibc)
  import Glibc
#endif

/// The resident set of this process.
enum ResidentMemory {
  /// The size in bytes after the allocator has released its free pages; 0 if unknown.
  static var bytes: Int {
    #if canImport(Glibc)
      heap_trim()
      // Sound: the file is closed once, below, and the length is that of the buffer.
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
