/// The records of the callbacks for the engine to collect.
extension SSLHandle {
  var alertSent: TLSAlert? { unsafe callbackState.pointee.alertSent }
  var verification: TLSVerificationResult? { unsafe callbackState.pointee.verification }

  /// The number of requests for a certificate that a client has read since its handshake.
  var certificateRequests: Int { unsafe Int(callbackState.pointee.certificateRequests) }
  /// Forgets the messages of the handshake, which the counts of those after it do not include.
  func forgetHandshake(_ limits: TLSEngine.Limits) {
    unsafe callbackState.pointee.hasReadFinished = false
    unsafe callbackState.pointee.certificateRequests = 0
    unsafe callbackState.pointee.renegotiationsLeft = UInt32(clamping: limits.renegotiationCount)
  }
  /// A client began one renegotiation too many, and was refused.
  var hasExceededRenegotiations: Bool { unsafe callbackState.pointee.hasExceededRenegotiations }
  var declinedRenegotiations: Int { unsafe Int(callbackState.pointee.declinedRenegotiations) }
  var hasPendingEvents: Bool { unsafe callbackState.pointee.hasPendingEvents }

  /// Removes the warnings and sessions noted since the last call.
  func takePendingEvents(_ body: (TLSEngine.Event) -> Void) {
    for alert in unsafe callbackState.pointee.warnings { body(.alertReceived(alert)) }
    for session in unsafe callbackState.pointee.newSessions { body(.sessionTicket(session)) }
    if let sessions = unsafe callbackState.pointee.serverSessions {
      for session in sessions.toStore { body(.sessionToStore(session)) }
      sessions.toStore = []
    }
    unsafe callbackState.pointee.hasPendingEvents = callbackState.pointee.tap != nil
    unsafe callbackState.pointee.warnings = []
    unsafe callbackState.pointee.newSessions = []
  }
}
