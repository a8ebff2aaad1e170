import SansIOTLS
import SansIOTLSTransports

/// What `--stats` says.
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
      handshake flights in bytes: \(flights.joined(separator: "  "))
      plaintext: sent \(report.plaintextSent) bytes, received \(report.plaintextReceived) bytes
      \(isLost ? loss : "")\
      ciphertext: sent \(report.ciphertextSent) bytes, received \(report.ciphertextReceived) bytes
      throughput: \(Quantity.bytes(moved)) of plaintext in \(Quantity.time(duration)), \(Quantity.rate(moved, duration))
      closed: this side by \(report.localEnding), the peer by \(report.remoteEnding)

      """
  }

  /// What was agreed on, in one line.
  static func agreement(_ negotiated: NegotiatedParameters) -> String {
    var parts = ["\(negotiated.version)", negotiated.cipherSuite]
    if let group = negotiated.group { parts.append("group \(group)") }
    if let name = negotiated.applicationProtocol { parts.append("ALPN \(name)") }
    if let name = negotiated.serverName { parts.append("server name \(name)") }
    if negotiated.isResumed { parts.append("resumed") }
    return parts.joined(separator: ", ")
  }
}
