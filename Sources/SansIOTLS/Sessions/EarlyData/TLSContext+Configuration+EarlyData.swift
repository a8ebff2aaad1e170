extension TLSContext.Configuration {
  /// Throws at mistakes about early data.
  func validateEarlyData() throws(TLSError) {
    func refuse(_ hint: String, _ code: TLSError.Code = .invalidConfiguration) -> TLSError {
      TLSError(code, .misuse, hint: hint)
    }
    if role == .client, maximumEarlyDataByteCount != 0 || earlyDataReplayFilter != nil {
      throw refuse(
        "maximumEarlyDataByteCount and earlyDataReplayFilter are a server's; a client's engine is created with "
          + "sendsEarlyData")
    }
    if !(0...16_777_216).contains(maximumEarlyDataByteCount) {
      throw refuse(
        "maximumEarlyDataByteCount is \(maximumEarlyDataByteCount); choose 0 to 16,777,216 bytes")
    }
    guard maximumEarlyDataByteCount > 0 else {
      if earlyDataReplayFilter == nil { return }
      throw refuse("earlyDataReplayFilter has no effect while maximumEarlyDataByteCount is 0")
    }
    if maximumVersion == .tls12 { throw refuse("early data needs TLS 1.3, and maximumVersion is TLS 1.2") }
    if resumption.ticketCount == 0 {
      throw refuse("early data needs a session, and resumption is off; set resumption, or no maximumEarlyDataByteCount")
    }
    if earlyDataReplayFilter == nil, !pausesAtClientHello {
      throw refuse(
        "maximumEarlyDataByteCount is \(maximumEarlyDataByteCount), and nothing decides whether early data is a replay; "
          + "set earlyDataReplayFilter, or pausesAtClientHello and answer by acceptingEarlyData",
        .missingReplayProtection)
    }
  }
}
