import SansIOTLS
import SansIOTLSTransports

/// The run of a relay from handshake to end, with the reports that the options request.
enum RelayRun {
  /// Performs the handshake.
  ///
  /// - Returns: whether it completed.
  static func handshake(_ relay: inout Relay, _ options: TLSOptions) -> Bool {
    guard relay.handshake(until: options.handshakeTimeout.map { .now + $0.duration }) else { return false }
    options.parameters.report(relay)
    if let negotiated = relay.report.negotiated { options.note(Statistics.agreement(negotiated)) }
    if let peer = relay.peerCertificates.first { options.note("peer: \(peer.subject), issued by \(peer.issuer)") }
    if options.showCertificates { StandardError.write(CertificateReport.text(relay)) }
    if let staple = relay.peerStaple {
      options.note("OCSP staple: \(staple.status), by \(staple.responder), \(dates(staple))")
    }
    return true
  }

  /// Moves data until the connection ends.
  ///
  /// - Parameter recording: the relay's observer, which is completed.
  /// - Returns: the relay's report.
  static func run(_ relay: inout Relay, _ options: TLSOptions, _ recording: Recording?) -> RelayReport {
    let clock = ContinuousClock()
    let start = clock.now
    var bar = ProgressBar(isWanted: options.progress, total: ProgressBar.size(of: 0))
    if relay.report.negotiated == nil { _ = handshake(&relay, options) }
    let report = relay.run { report in bar.update(report.plaintextSent + report.plaintextReceived) }
    bar.erase()
    if options.stats { StandardError.write(Statistics.text(report, duration: clock.now - start)) }
    recording?.finish()
    return report
  }

  private static func dates(_ staple: TLSStaple) -> String {
    "from \(staple.thisUpdate) until \(staple.nextUpdate.map(String.init) ?? "?") (seconds since 1970)"
  }
}
