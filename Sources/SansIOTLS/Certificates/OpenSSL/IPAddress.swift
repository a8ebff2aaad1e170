internal import CSansIOTLSOpenSSL

/// Reads and writes IP addresses in text form.
enum IPAddress {
  /// The 4 or 16 octets of an address; `nil` if the text is none. libcrypto decides, after the forms that it tolerates
  /// were refused: white space, signs, text after a NUL, leading zeros in decimal numbers (octal to some), a single
  /// colon.
  ///
  /// Corresponds to `a2i_IPADDRESS(3)`.
  static func octets(of text: [UInt8]) -> [UInt8]? {
    let letters = Array("0123456789abcdefABCDEF.:".utf8)
    guard text.count <= 45, text.allSatisfy(letters.contains), text != [UInt8(ascii: ":")], isDecimal(text) else {
      return nil
    }
    defer { ErrorQueue.clear() }
    let read = try? unsafe String(decoding: text, as: UTF8.self).withCText("the address") { unsafe a2i_IPADDRESS($0) }
    guard let octets = unsafe read else { return nil }
    defer { unsafe ASN1_OCTET_STRING_free(octets) }
    return unsafe [UInt8](
      UnsafeBufferPointer(start: ASN1_STRING_get0_data(octets), count: Int(ASN1_STRING_length(octets))))
  }

  /// Whether the dotted part, if there is one, is four decimal numbers without leading zeros.
  private static func isDecimal(_ text: [UInt8]) -> Bool {
    guard text.contains(UInt8(ascii: ".")) else { return true }
    let dotted = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).last ?? []
    let numbers = dotted.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return numbers.count == 4
      && numbers.allSatisfy { number in
        UInt8(String(decoding: number, as: UTF8.self)).map { Array("\($0)".utf8) == Array(number) } ?? false
      }
  }

  /// The text of 4 or 16 octets in the form of RFC 5952; `nil` for another number of octets.
  static func text(of octets: [UInt8]) -> String? {
    if octets.count == 4 { return octets.map(String.init).joined(separator: ".") }
    guard octets.count == 16 else { return nil }
    let groups = stride(from: 0, to: 16, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
    // The longest run of two or more zeros is left out, the first of several.
    var longest = 0..<0
    for start in groups.indices {
      let run = start..<(groups[start...].firstIndex { $0 != 0 } ?? groups.endIndex)
      if run.count > max(longest.count, 1) { longest = run }
    }
    func joined(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if longest.isEmpty { return joined(groups[...]) }
    return joined(groups[..<longest.lowerBound]) + "::" + joined(groups[longest.upperBound...])
  }
}
