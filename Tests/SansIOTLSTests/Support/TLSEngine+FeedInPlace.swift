import SansIOTLS

extension TLSEngine {
  /// Feeds as `feed` does, but by appending in the engine's own memory, window by window.
  mutating func feedInPlace(_ ciphertext: ArraySlice<UInt8>) throws(TLSError) -> Int {
    var rest = ciphertext
    do throws(FeedError<Never>) {
      while !rest.isEmpty {
        let fed = try feed(upTo: rest.count) { window in
          for byte in rest.prefix(window.freeCapacity) { window.append(byte) }
        }
        if fed == 0 { break }
        rest = rest.dropFirst(fed)
      }
    } catch {
      switch error {
      case .engine(let error): throw error
      }
    }
    return ciphertext.count - rest.count
  }
}
