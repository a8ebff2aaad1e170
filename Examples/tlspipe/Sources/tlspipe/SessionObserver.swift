import SansIOTLS
import SansIOTLSTransports

/// Collects the sessions of a client's connection for `--session`, and passes everything on to the recording.
final class SessionObserver: RelayObserver {
  private let file: SessionFile
  private let recording: Recording?
  /// The session that the connection has offered.
  private let offered: TLSSession?
  private var newest: TLSSession?
  private var isResumed: Bool?
  private var hasFailed = false

  init(_ file: SessionFile, offered: TLSSession?, _ recording: Recording?) {
    self.file = file
    self.offered = offered
    self.recording = recording
  }

  func relayDidTransfer(_ ciphertext: RawSpan, _ direction: RelayReport.Direction) {
    recording?.relayDidTransfer(ciphertext, direction)
  }

  func relayDidEnd(_ direction: RelayReport.Direction) { recording?.relayDidEnd(direction) }

  func relayDidCompleteIteration(_ engine: inout TLSEngine) {
    recording?.relayDidCompleteIteration(&engine)
    while let event = engine.nextEvent() { if case .sessionTicket(let session) = event { newest = session } }
    if isResumed == nil { isResumed = engine.negotiated?.isResumed }
    if let failure = engine.failure, failure.code != .truncated { hasFailed = true }
  }

  /// Saves the newest session after the connection has ended, or removes one that is no longer good.
  ///
  /// - Returns: whether what was to be saved is.
  func finish() -> Bool {
    if offered?.isSingleUse == false, hasFailed || isResumed == false { file.remove() }
    guard let newest, !hasFailed else { return true }
    return file.save(newest)
  }
}
