import SansIOTLS
import SansIOTLSTransports

/// The text of `--stats`.
enum Statistics {
  static func text(_ report: RelayReport, duration: Duration) -> String {
    let moved = report.plaintextSent + report.plaintextReceived
    let flights = report.flights.map { ($0.direction == .sent ? "-> " : "<- ") + "\($0.byteCount)" }
    let isLost = report.plaintextUnsent + report.plaintextDropped + report.ciphertextUnread > 0
    let loss = """
      not sent: \(report.plaintextUnsent) bytes of plaintext; sent and not read: \(report.ciphertextUnread) bytes of \
      ciphertext; received and dropped: \(report.plaintextDropped) bytes of plaintext

      """
    return """
      negotiated: \(report.negotiated.map(agreement) ?? "nothing")
      \(report.earlyData.map { "early data: \(text($0))\n" } ?? "")\
      handshake flights in bytes: \(flights.joined(separator: "  "))
      plaintext: sent \(report.plaintextSent) bytes, received \(report.plaintextReceived) bytes
      \(isLost ? loss : "")\
      ciphertext: sent \(report.ciphertextSent) bytes, received \(report.ciphertextReceived) bytes
      throughput: \(Quantity.bytes(moved)) of plaintext in \(Quantity.time(duration)), \(Quantity.rate(moved, duration))
      closed: this side by \(report.localEnding), the peer by \(report.remoteEnding)

      """
  }

  /// The server's decision about early data.
  static func text(_ outcome: TLSEarlyDataOutcome) -> String {
    switch outcome {
    case .accepted(let byteCount): "accepted, \(byteCount) bytes"
    case .rejected(let byteCount): byteCount == 0 ? "rejected" : "rejected, \(byteCount) bytes are sent again"
    @unknown default: "\(outcome)"
    }
  }

  /// The negotiated parameters in one line.
  static func agreement(_ negotiated: TLSEngine.NegotiatedParameters) -> String {
    var parts = ["\(negotiated.version)", "\(negotiated.cipherSuite)"]
    if let group = negotiated.group { parts.append("group \(group)") }
    if let name = negotiated.applicationProtocol { parts.append("ALPN \(name)") }
    if let name = negotiated.serverName { parts.append("server name \(name)") }
    if negotiated.isResumed { parts.append("resumed") }
    if case .preSharedKey = negotiated.peerAuthentication { parts.append("\(negotiated.peerAuthentication)") }
    return parts.joined(separator: ", ")
  }
}

extension TLSEngine.NegotiatedParameters {
  /// The identity of the pre-shared key that the peer proved, as text; it is one of --psk-file.
  var preSharedIdentity: String? {
    guard case .preSharedKey(let identity) = peerAuthentication else { return nil }
    return String(decoding: identity, as: UTF8.self)
  }
}

/// Formatted numbers, without Foundation.
enum Quantity {
  /// Formats a number of bytes with a decimal prefix, for example `12.3 MB`.
  static func bytes(_ count: Int) -> String {
    var value = Double(count)
    var prefixes = ["", "k", "M", "G", "T"][...]
    while value >= 1000, prefixes.count > 1 {
      value /= 1000
      prefixes = prefixes.dropFirst()
    }
    return prefixes.startIndex == 0 ? "\(count) B" : "\(oneDigit(value)) \(prefixes.first!)B"
  }

  /// Formats a rate, for example `310.5 MB/s`.
  static func rate(_ count: Int, _ duration: Duration) -> String {
    "\(bytes(Int(Double(count) / max(duration / .seconds(1), 1e-9))))/s"
  }

  /// Formats a time, for example `0.4 s`, or below a second `412.0 ms`.
  static func time(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    return seconds < 1 ? "\(oneDigit(seconds * 1000)) ms" : "\(oneDigit(seconds)) s"
  }

  private static func oneDigit(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
