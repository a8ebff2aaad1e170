/// The places of the blocks in a PEM text, for errors: libcrypto does not report its position, and ignores a block that
/// does not begin at the start of a line.
///
/// `@safe`: the bytes outlive the value.
@safe
struct PEMText {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  /// The line, counted from 1, of the first block with such a label that has only white space or a byte order mark
  /// before it.
  func indentedBlock(labelled label: String) -> Int? {
    var found: Int?
    forEachBlock(labelled: label) { line, isIndented in
      if isIndented { found = line }
      return found == nil
    }
    return found
  }

  /// The line, counted from 1, of the n-th block with such a label that libcrypto sees, counted from 0.
  func line(ofBlock number: Int, labelled label: String) -> Int? {
    var found: Int?
    var rest = number
    forEachBlock(labelled: label) { line, isIndented in
      if isIndented { return true }
      if rest == 0 { found = line }
      rest -= 1
      return found == nil
    }
    return found
  }

  /// Passes each line that begins a block whose label ends like this, until the body has enough.
  private func forEachBlock(labelled label: String, _ body: (_ line: Int, _ isIndented: Bool) -> Bool) {
    let mark = Array("-----BEGIN ".utf8)
    let ending = Array("\(label)-----".utf8)
    var line = 0
    var start = 0
    while unsafe start < bytes.count {
      line += 1
      let end = unsafe bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      var content = unsafe bytes[start..<end]
      while let byte = unsafe content.first, Self.isBlank(byte) { unsafe content = content.dropFirst() }
      if unsafe content.starts(with: mark) {
        while let byte = unsafe content.last, Self.isBlank(byte) { unsafe content = content.dropLast() }
        let isIndented = unsafe content.startIndex > start
        if unsafe content.suffix(ending.count).elementsEqual(ending), !body(line, isIndented) { return }
      }
      start = end + 1
    }
  }

  /// White space, or a byte of the byte order mark or of the no-break space in UTF-8.
  private static func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 || [0xef, 0xbb, 0xbf, 0xc2, 0xa0].contains(byte) }
}
