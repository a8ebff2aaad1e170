extension TLSEngine {
  /// The conditions that the engine waits for: all that an event loop must know.
  public var needs: Needs {
    var needs: Needs = handle.pendingOutputByteCount > 0 ? .drain : []
    switch state.phase {
    case .failed: if hasUnreportedEnd { needs.insert(.read) }
    case .abandoned: break
    case .asking: needs.insert(.answer)
    case .handshaking: if !state.inputEnded { needs.insert(.feed) }
    case .open:
      if state.receiving == .closed {
        if hasUnreportedEnd { needs.insert(.read) }
      } else {
        needs.insert(handle.isAtRest ? .feed : .read)
      }
    }
    return needs
  }

  /// The number of ciphertext bytes until the next step. A transport that must not read ahead (a serial line, a
  /// protocol that continues in plaintext) reads exactly so many. 0 if ``needs`` does not contain `.feed`.
  ///
  /// Corresponds to `BIO_ctrl_get_read_request(3)`.
  public var bytesNeeded: Int { needs.contains(.feed) ? handle.bytesNeeded : 0 }
}
