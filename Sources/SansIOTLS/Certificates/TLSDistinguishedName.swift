/// The name of a subject or an issuer: a sequence of relative names, each of one or more attributes.
///
/// Two names are equal if they are encoded alike, byte for byte.
///
/// Corresponds to RFC 5280, section 4.1.2.4, and `X509_NAME_get_entry(3)`.
public struct TLSDistinguishedName: Sendable, Hashable {
  /// The relative names in the encoded order, the most general first. Most have one attribute.
  public let relativeNames: [[Attribute]]

  /// Creates a name, for tests of what reads it.
  ///
  /// - Parameter relativeNames: the relative names, the most general first.
  public init(relativeNames: [[Attribute]]) { self.relativeNames = relativeNames }

  /// All attributes in the encoded order.
  public var attributes: [Attribute] { relativeNames.flatMap(\.self) }

  /// The most specific common name, which is the last; `nil` without one, and if it is not text or contains a NUL.
  public var commonName: String? { attributes.last { $0.type == .commonName }?.value }
}

extension TLSDistinguishedName {
  /// One attribute of a name: its type and its value.
  public struct Attribute: Sendable, Hashable {
    /// The type, for example ``TLSObjectIdentifier/commonName``.
    public let type: TLSObjectIdentifier
    /// The value in DER, with its tag and length.
    public let encodedValue: [UInt8]
    /// The value as text, a NUL included; `nil` for a value that is no string, or not well-formed as its kind demands.
    let text: String?

    init(type: TLSObjectIdentifier, encodedValue: [UInt8], text: String?) {
      self.type = type
      self.encodedValue = encodedValue
      self.text = text
    }

    /// Creates an attribute with a UTF8String, for tests of what reads it.
    ///
    /// - Parameters:
    ///   - type: the type.
    ///   - value: the text.
    public init(type: TLSObjectIdentifier, value: String) {
      self.init(type: type, encodedValue: DER.encoded(tag: 12, Array(value.utf8)), text: value)
    }

    /// The value as text; `nil` for a value that is no string, that is not well-formed as its kind demands, or that
    /// contains a NUL. It is what the owner of the certificate wrote, control characters included; the name's
    /// description escapes them.
    public var value: String? {
      guard let text, !text.utf8.contains(0) else { return nil }
      return text
    }
  }
}

extension TLSDistinguishedName: CustomStringConvertible {
  /// The name as text, the most specific first, for example `CN=api.example,O=Example`, with libcrypto's short names.
  /// A value of an unknown type, or one that is no text, is written as `#` and its encoding in hexadecimal; what cannot
  /// be printed is written as `\` and hexadecimal digits of its UTF-8 form. Empty for an empty name.
  ///
  /// Corresponds to RFC 4514 and `X509_NAME_print_ex(3)` with `XN_FLAG_RFC2253`.
  public var description: String {
    relativeNames.reversed().map { $0.reversed().map(\.description).joined(separator: "+") }.joined(separator: ",")
  }
}

extension TLSDistinguishedName.Attribute: CustomStringConvertible {
  /// Type and value, as in the description of a name.
  public var description: String {
    guard let name = type.shortName else { return "\(type.dotted.printable)=#\(encodedValue.hexadecimal)" }
    return "\(name)=" + (text.map(Self.escaped) ?? "#\(encodedValue.hexadecimal)")
  }

  /// RFC 4514, section 2.4.
  private static func escaped(_ text: String) -> String {
    let scalars = text.unicodeScalars
    var result = ""
    for (index, scalar) in zip(scalars.indices, scalars) {
      let isFirst = index == scalars.startIndex
      let isLast = scalars.index(after: index) == scalars.endIndex
      switch scalar {
      case "\"", "+", ",", ";", "<", ">", "\\": result += "\\\(scalar)"
      case " " where isFirst || isLast, "#" where isFirst: result += "\\\(scalar)"
      case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
      default: for byte in String(scalar).utf8 { result += "\\" + [byte].hexadecimal }
      }
    }
    return result
  }
}
