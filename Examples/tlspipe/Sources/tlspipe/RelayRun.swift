import SansIOTLS
import SansIOTLSTransports

/// The run of a relay from handshake to end, with the reports that the options request.
enum RelayRun {
  /// Performs the handshake.
  ///
  /// - Parameters:
  ///   - deadline: the end of the time for it; `nil`: no limit.
  ///   - saysEarlyData: whether the server's decision about early data is reported without --verbose too.
  /// - Returns: whether it completed.
  static func handshake(
    _ relay: inout Relay, _ options: TLSOptions, until deadline: ContinuousClock.Instant?, saysEarlyData: Bool = false
  ) -> Bool {
    guard relay.handshake(until: deadline) else { return false }
    options.parameters.report(relay)
    if let negotiated = relay.report.negotiated { options.note(Statistics.agreement(negotiated)) }
    if let outcome = relay.report.earlyData, saysEarlyData || options.verbose {
      StandardError.say("early data: \(Statistics.text(outcome))")
    }
    if let peer = relay.engine.peerCertificates.first {
      options.note("peer: \(peer.subject), issued by \(peer.issuer)")
    }
    if options.showCertificates { StandardError.write(CertificateReport.text(relay)) }
    if let staple = relay.engine.peerStaple {
      options.note("OCSP staple: \(staple.status), by \(staple.responder), \(dates(staple))")
    }
    return true
  }

  /// Moves data until the connection ends.
  ///
  /// - Parameters:
  ///   - recording: the relay's observer, which is completed.
  ///   - deadline: the end of the time for the handshake, if it is not done yet; `nil`: no limit.
  /// - Returns: the relay's report.
  static func run(
    _ relay: inout Relay, _ options: TLSOptions, _ recording: Recording?, until deadline: ContinuousClock.Instant? = nil
  ) -> RelayReport {
    let clock = ContinuousClock()
    let start = clock.now
    var bar = ProgressBar(isWanted: options.progress, total: ProgressBar.size(of: 0))
    if relay.report.negotiated == nil { _ = handshake(&relay, options, until: deadline) }
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
