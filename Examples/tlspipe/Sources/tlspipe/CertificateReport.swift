import SansIOTLS
import SansIOTLSTransports

/// The peer's chain for a reader.
enum CertificateReport {
  /// The chain that was verified, or else the one that the peer sent.
  static func text(_ relay: borrowing Relay) -> String {
    let verified = relay.engine.verifiedChain
    let chain = verified.isEmpty ? relay.engine.peerCertificates : verified
    if chain.isEmpty { return "the peer presented no certificate\n" }
    var text = verified.isEmpty ? "the peer's certificates, which were not verified:\n" : "the verified chain:\n"
    for (depth, certificate) in chain.enumerated() { text += entry(certificate, depth) }
    if let name = relay.engine.matchedName { text += "the name that matched: \(name)\n" }
    return text
  }

  /// One certificate: a line with its subject, and indented lines of its contents. What its owner wrote is escaped.
  static func entry(_ certificate: TLSCertificate, _ depth: Int) -> String {
    let key = certificate.publicKey
    var lines: [(String, String)] = [
      ("issuer", certificate.issuer.description), ("serial", certificate.serialNumber.description),
      ("valid", "\(time(certificate.notBefore)) to \(time(certificate.notAfter))"),
    ]
    let names = certificate.alternativeNames
    let shown = names.prefix(20).map(\.description).joined(separator: ", ")
    if !names.isEmpty { lines.append(("names", shown + (names.count > 20 ? ", … (\(names.count) names)" : ""))) }
    lines.append(("key", key.description))
    if let usage = certificate.keyUsage { lines.append(("use", usage.isEmpty ? "nothing" : usage.description)) }
    if let purposes = certificate.extendedKeyUsages {
      lines.append(("purposes", purposes.map { $0.shortName ?? $0.description }.joined(separator: ", ")))
    }
    if certificate.isAuthority {
      let length = certificate.pathLength.map { "yes, at most \($0) more below it" } ?? "yes"
      lines.append(("authority", length))
    }
    if certificate.requiresStaple { lines.append(("must-staple", "yes")) }
    let timestamps = certificate.signedCertificateTimestamps.count
    if timestamps > 0 { lines.append(("timestamps", "\(timestamps) of logs, not verified")) }
    lines.append(("sha256", certificate.sha256.hexadecimal(separator: ":", uppercase: true)))
    lines.append(("pin", TLSPublicKeyPin(of: certificate).description))
    return "\(depth): \(certificate.subject)\n"
      + lines.map { "   \($0.0)\(String(repeating: " ", count: 12 - $0.0.count))\($0.1)\n" }.joined()
  }

  /// A time in UTC, in the proleptic Gregorian calendar.
  static func time(_ secondsSince1970: Int64?) -> String {
    guard let secondsSince1970 else { return "a malformed time" }
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    // The quotient and remainder rounded down, also before 1970.
    let second = ((secondsSince1970 % 86_400) + 86_400) % 86_400
    let day = (secondsSince1970 - second) / 86_400
    // Days since 1 March of the year 0; its cycle of 400 years has 146,097 days.
    let shifted = day + 719_468
    let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofCycle = shifted - cycle * 146_097
    let yearOfCycle = (ofCycle - ofCycle / 1_460 + ofCycle / 36_524 - ofCycle / 146_096) / 365
    let ofYear = ofCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let month = (5 * ofYear + 2) / 153
    let dayOfMonth = ofYear - (153 * month + 2) / 5 + 1
    let number = month < 10 ? month + 3 : month - 9
    let year = "\(yearOfCycle + cycle * 400 + (number <= 2 ? 1 : 0))"
    let padded = String(repeating: "0", count: max(0, 4 - year.count)) + year
    return "\(padded)-\(two(number))-\(two(dayOfMonth)) "
      + "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) UTC"
  }
}
