import SansIOTLS
import SansIOTLSTestKit

/// Reads PEM text from standard input, and prints the contents of each certificate as a line of JSON. With `mint`,
/// prints the test kit's peculiar certificates as PEM instead, each after a line with its name.
@main
struct PrintCertificates {
  static func main() throws {
    if CommandLine.arguments.contains("mint") { return mint() }
    var text = ""
    while let line = readLine(strippingNewline: false) { text += line }
    for certificate in try TLSCertificate.bundle(pem: Array(text.utf8)) { print(contents(of: certificate)) }
  }

  private static func mint() {
    let authority = TestAuthority()
    func show(_ name: String, _ pem: [UInt8]) { print("# \(name)\n\(String(decoding: pem, as: UTF8.self))") }
    for peculiarity in TestIdentity.Peculiarity.allCases {
      show("kit \(peculiarity)", authority.issue(peculiarity).certificatePEM)
    }
    for key in TestIdentity.KeyType.allCases {
      show("kit \(key)", authority.issue(names: ["*.example"], key: key, usage: .both).certificatePEM)
    }
    show("kit root", authority.certificatePEM)
    show("kit intermediate", authority.issueIntermediate(pathLength: 0).certificatePEM)
  }

  private static func contents(of certificate: TLSCertificate) -> JSON {
    let key = certificate.publicKey
    return .object([
      ("subject", .text(certificate.subject.description)), ("issuer", .text(certificate.issuer.description)),
      ("subject_names", names(certificate.subject)), ("issuer_names", names(certificate.issuer)),
      ("serial", .text(certificate.serialNumber.description)),
      ("serial_bytes", hexadecimal(certificate.serialNumber.bytes)),
      ("not_before", .number(certificate.notBefore)), ("not_after", .number(certificate.notAfter)),
      ("dns", texts(certificate.dnsNames)), ("addresses", texts(certificate.addresses)),
      ("uris", texts(certificate.uris)), ("mail", texts(certificate.mailAddresses)),
      ("key_type", .optional(key.type)), ("key_bits", .number(Int64(key.bits))),
      ("curve", .optional(key.curve?.description)), ("spki", hexadecimal(key.der)),
      ("spki_sha256", hexadecimal(key.sha256)), ("sha256", hexadecimal(certificate.sha256)),
      ("key_usage", .number(certificate.keyUsage.map { Int64($0.rawValue) })),
      ("purposes", certificate.extendedKeyUsages.map { texts($0.map(\.dotted)) } ?? .null),
      ("is_authority", .flag(certificate.isAuthority)),
      ("path_length", .number(certificate.pathLength.map(Int64.init))),
      ("requires_staple", .flag(certificate.requiresStaple)),
      (
        "timestamps",
        .array(
          certificate.signedCertificateTimestamps.map {
            .array([hexadecimal($0.logID), .number(Int64($0.timestamp))])
          })
      ),
      (
        "extensions",
        .array(
          certificate.extensions.map {
            .array([.text($0.type.dotted), .flag($0.isCritical), hexadecimal($0.value)])
          })
      ),
    ])
  }

  private static func names(_ name: TLSDistinguishedName) -> JSON {
    .array(
      name.relativeNames.map { attributes in
        .array(attributes.map { .array([.text($0.type.dotted), .optional($0.value)]) })
      })
  }

  private static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.text)) }

  private static func hexadecimal(_ bytes: [UInt8]) -> JSON {
    .text(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
  }
}

/// A value that is printed as JSON.
enum JSON: CustomStringConvertible {
  case null
  case flag(Bool)
  case integer(Int64)
  case text(String)
  case array([JSON])
  case object([(String, JSON)])

  static func number(_ number: Int64?) -> JSON { number.map(JSON.integer) ?? .null }
  static func optional(_ text: String?) -> JSON { text.map(JSON.text) ?? .null }

  var description: String {
    switch self {
    case .null: "null"
    case .flag(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .text(let text): "\"" + text.unicodeScalars.map(Self.escaped).joined() + "\""
    case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(JSON.text($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": "\\\(scalar)"
    case "\0"..<" ", "\u{7f}": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
    default: String(scalar)
    }
  }
}
