import SansIOTLS

extension TLSEngine {
  /// Reads all plaintext that is available.
  mutating func readAll() throws(TLSError) -> [UInt8] {
    var bytes: [UInt8] = []
    while case .done(let some) = try read(upTo: 16_384) { bytes += some }
    return bytes
  }

  /// Feeds all of `ciphertext` in pieces of `piece` bytes, and reads after each.
  mutating func absorb(_ ciphertext: [UInt8], piece: Int = .max) throws(TLSError) -> [UInt8] {
    var plaintext: [UInt8] = []
    var rest = ciphertext[...]
    while !rest.isEmpty {
      let accepted = try feed(rest.prefix(piece))
      rest = rest.dropFirst(accepted)
      let some = try readAll()
      plaintext += some
      if accepted == 0, some.isEmpty { break }
    }
    return plaintext
  }
}
