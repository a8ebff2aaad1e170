import SansIOTLS
import SansIOTLSTransports

/// One connection from handshake to end, reported as the options ask.
enum Session {
  /// Makes the handshake.
  ///
  /// - Returns: whether it is done.
  static func handshake(_ relay: inout Relay, _ options: TLSOptions) -> Bool {
    guard relay.handshake(until: options.handshakeTimeout.map { .now + $0.duration }) else { return false }
    if let negotiated = relay.report.negotiated { options.note(Statistics.agreement(negotiated)) }
    if let peer = relay.peerCertificates.first { options.note("peer: \(peer.subject), issued by \(peer.issuer)") }
    return true
  }

  /// Moves everything that is left to move.
  ///
  /// - Parameter recording: what watched the relay; it is completed.
  /// - Returns: what happened.
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
}
