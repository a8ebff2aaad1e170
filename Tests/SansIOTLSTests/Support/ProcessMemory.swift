import Glibc

/// Looks through the memory of this process, freed memory included.
enum ProcessMemory {
  /// Bytes looked through at once.
  private static let chunk = 1 << 20
  /// A larger mapping is no heap, but the shadow of AddressSanitizer.
  private static let largest: UInt = 1 << 32

  /// The number of times that some bytes occur in writable memory.
  ///
  /// - Parameter complement: the bytes, each inverted, so that the search does not find itself.
  static func occurrences(ofComplement complement: [UInt8]) -> Int {
    let memory = unsafe open("/proc/self/mem", O_RDONLY)
    precondition(memory >= 0)
    defer { close(memory) }
    // The bytes that are searched for, and the buffer for the search: a separate mapping, which is skipped.
    // Sound: it is used within its size, and unmapped at the end.
    let own = unsafe mmap(nil, 2 * chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    defer { unsafe munmap(own, 2 * chunk) }
    for (index, byte) in complement.enumerated() {
      unsafe own.storeBytes(of: ~byte, toByteOffset: index, as: UInt8.self)
    }
    let buffer = unsafe own + chunk
    let ownStart = UInt(bitPattern: own)
    let ownEnd = ownStart + UInt(2 * chunk)

    var found = 0
    for range in writableRanges() where range.upperBound - range.lowerBound < largest {
      for piece in [range.clamped(to: 0..<ownStart), range.clamped(to: ownEnd..<UInt.max)] {
        var start = piece.lowerBound
        while start < piece.upperBound {
          let count = unsafe pread(memory, buffer, min(Int(piece.upperBound - start), chunk), Int(start))
          if count < complement.count { break }
          found += unsafe occurrences(of: own, complement.count, in: buffer, count)
          // So much of the next piece is of this one that what lies across their border is seen, once.
          start += UInt(count - complement.count + 1)
        }
      }
    }
    return found
  }

  /// Sound: both areas are mapped for the call, and as long as it says.
  private static func occurrences(
    of bytes: UnsafeRawPointer, _ length: Int, in area: UnsafeRawPointer, _ count: Int
  ) -> Int {
    var found = 0
    var start = 0
    let first = unsafe Int32(bytes.load(as: UInt8.self))
    // The first byte of an occurrence is among those that leave room for the rest.
    while start <= count - length, let next = unsafe memchr(area + start, first, count - length - start + 1) {
      if unsafe memcmp(next, bytes, length) == 0 { found += 1 }
      start = unsafe UnsafeRawPointer(next) - area + 1
    }
    return found
  }

  /// The mappings that can be read and written.
  private static func writableRanges() -> [Range<UInt>] {
    var text: [UInt8] = []
    let maps = unsafe open("/proc/self/maps", O_RDONLY)
    defer { close(maps) }
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      // Sound: the array lives through the call and is as long as it says.
      let count = unsafe read(maps, &piece, piece.count)
      if count <= 0 { break }
      text += piece[..<count]
    }
    return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      // For example "7f1c5c000000-7f1c5c021000 rw-p 00000000 00:00 0".
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
      let bounds = words[0].split(separator: UInt8(ascii: "-")).compactMap {
        UInt(String(decoding: $0, as: UTF8.self), radix: 16)
      }
      return bounds.count == 2 && words[1].starts(with: "rw".utf8) ? bounds[0]..<bounds[1] : nil
    }
  }
}
