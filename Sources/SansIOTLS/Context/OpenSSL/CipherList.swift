/// A cipher list in the syntax of `openssl-ciphers(1)`, divided into rules as libssl divides it. libssl itself ignores
/// unknown words, so that a misspelt name would remain unnoticed.
struct CipherList {
  /// An operation, and the cipher, alias, combination or command that it applies to.
  struct Rule {
    /// `!` excludes, `-` removes, `+` moves to the end, `@` is a command; without one, ciphers are added.
    let operation: UInt8?
    /// The rule without its operation.
    let name: String

    /// The rule as it was written.
    var text: String { (operation.map { String(UnicodeScalar($0)) } ?? "") + name }

    /// Whether libssl reads the rule to its end. At any other character it ends a rule, or rejects the whole list.
    var isWellFormed: Bool {
      !name.isEmpty
        && name.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "="):
            true
          case UInt8(ascii: "+"): operation != UInt8(ascii: "@")
          default: false
          }
        }
    }

    /// The parts of a combination such as `ECDHE+AESGCM`; one part where there is no `+`.
    var parts: [String] {
      name.utf8.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false).map { String(Substring($0)) }
    }
  }

  /// libssl recognizes these words only at the start of the whole list, and ignores what follows the second.
  static let defaultWord = "DEFAULT"
  static let suiteBWord = "SUITEB"
  static let suiteBWords = ["SUITEB128", "SUITEB128ONLY", "SUITEB128C2", "SUITEB192"]

  let rules: [Rule]

  init(_ list: String) {
    var bytes = Array(list.utf8)[...]
    var rules: [Rule] = []
    if bytes.starts(with: Self.defaultWord.utf8) {
      rules.append(Rule(operation: nil, name: Self.defaultWord))
      bytes = bytes.dropFirst(Self.defaultWord.utf8.count)
    }
    var word: [UInt8] = []
    func endWord() {
      guard let first = word.first else { return }
      let operation = "!-+@".utf8.contains(first) ? first : nil
      rules.append(
        Rule(operation: operation, name: String(decoding: word.dropFirst(operation == nil ? 0 : 1), as: UTF8.self)))
      word = []
    }
    for byte in bytes {
      if ":,; ".utf8.contains(byte) {
        endWord()
        continue
      }
      // A new rule may follow without separator, except after a command: libssl would ignore it.
      if byte == UInt8(ascii: "!") || byte == UInt8(ascii: "@"), word.first != UInt8(ascii: "@") { endWord() }
      word.append(byte)
    }
    endWord()
    self.rules = rules
  }

  /// Whether a name is one that libssl had once, or has in some builds: many lists in use exclude such, which does no
  /// harm. A cipher's own name counts if it is made of such a name and of the usual others.
  static func wasKnown(_ name: String) -> Bool {
    if retired.contains(name[...]) { return true }
    let pieces = name.split { "-_".contains($0) }
    return pieces.contains { retired.contains($0) || retiredAlgorithms.contains($0) }
      && pieces.allSatisfy { retired.contains($0) || retiredAlgorithms.contains($0) || companions.contains($0) }
  }

  /// Words that stand for many ciphers.
  private static let retired: Set<Substring> = [
    "RC4", "RC2", "DES", "3DES", "IDEA", "SEED", "CAMELLIA", "CAMELLIA128", "CAMELLIA256", "ARIA", "ARIA128", "ARIA256",
    "ARIAGCM", "CHACHA20", "MD5", "DSS", "aDSS", "DH", "kDH", "kDHr", "kDHd", "aDH", "ADH", "EDH", "kEDH", "kDHE",
    "ECDH", "kECDH", "kECDHr", "kECDHe", "aECDH", "AECDH", "EECDH", "kEECDH", "KRB5", "kKRB5", "aKRB5", "FZA", "kFZA",
    "aFZA", "eFZA", "SRP", "kSRP", "aSRP", "PSK", "kPSK", "aPSK", "kRSAPSK", "kECDHEPSK", "kDHEPSK", "GOST", "kGOST",
    "kGOST18", "aGOST", "aGOST01", "aGOST12", "aGOST94", "GOST94", "GOST01", "GOST89", "GOST89MAC", "GOST12",
    "GOST2012", "GOST2001", "LOW", "MEDIUM", "EXP", "EXPORT", "EXPORT40", "EXPORT56", "EXP1024", "SSLv2", "SSLv3",
    "FIPS",
  ]
  /// Parts of a retired cipher's own name.
  private static let retiredAlgorithms: Set<Substring> = ["FORTEZZA", "CBC3", "MD2", "EDE3", "DES40", "CLEAR"]
  /// Parts of names that retired ciphers share with others.
  private static let companions: Set<Substring> = [
    "RSA", "DHE", "ECDHE", "ECDSA", "DSA", "AES", "AES128", "AES256", "GCM", "CCM", "CCM8", "CBC", "SHA", "SHA1",
    "SHA256",
    "SHA384", "POLY1305", "NULL", "TLS", "SSL", "CK", "WITH", "anon", "40", "56", "64", "112", "128", "168", "192",
    "256", "8",
  ]
}
