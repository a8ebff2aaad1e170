/// The records of the callbacks for the engine to collect.
extension SSLHandle {
  var alertSent: TLSAlert? { unsafe callbackState.pointee.alertSent }
  var verification: TLSVerificationResult? { unsafe callbackState.pointee.verification }

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
