internal import SansIOTLS

extension Ladder {
  /// The negotiated parameters, as they are shown.
  struct Agreement: Sendable, Equatable {
    /// For example `TLSv1.3`, `TLS_AES_256_GCM_SHA384`, `x25519`, `ALPN h2`, `SNI localhost`, `resumed`,
    /// `pre-shared key device 1`.
    let parts: [String]

    init(parts: [String]) { self.parts = parts.map { Printable.escape($0, limit: 64) } }

    init(_ negotiated: TLSEngine.NegotiatedParameters, earlyData: TLSEarlyDataOutcome? = nil) {
      var parts = ["\(negotiated.version)", "\(negotiated.cipherSuite)"]
      if let group = negotiated.group { parts.append("\(group)") }
      if let name = negotiated.applicationProtocol { parts.append("ALPN \(name)") }
      if let name = negotiated.serverName { parts.append("SNI \(name)") }
      if negotiated.isResumed { parts.append("resumed") }
      if case .preSharedKey = negotiated.peerAuthentication { parts.append("\(negotiated.peerAuthentication)") }
      switch earlyData {
      case .accepted?: parts.append("early data accepted")
      case .rejected?: parts.append("early data rejected")
      default: break
      }
      self.init(parts: parts)
    }
  }

  /// The failure of a side, as it is shown.
  struct Failure: Sendable, Equatable {
    /// For example `certificateRejected`.
    let code: String
    let hint: String
    /// For example `alert sent: unknown_ca`; empty if there is none.
    let alerts: [String]

    init(code: String, hint: String, alerts: [String] = []) {
      self.code = Printable.escape(code, limit: 64)
      self.hint = Printable.escape(hint, limit: 1_000)
      self.alerts = alerts
    }

    init(_ error: TLSError) {
      var alerts: [String] = []
      if let alert = error.alertReceived { alerts.append("alert received: \(alert)") }
      if let alert = error.alertSent { alerts.append("alert sent: \(alert)") }
      self.init(code: "\(error.code)", hint: error.hint, alerts: alerts)
    }
  }
}
