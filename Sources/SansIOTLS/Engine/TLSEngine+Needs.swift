extension TLSEngine {
  /// The conditions that the engine waits for: all that an event loop must know.
  public var needs: Needs {
    let needs = state.needs(hasOutput: handle.pendingOutputByteCount > 0, hasInput: handle.hasInput)
    return handle.early?.isReadable == true && state.phase != .abandoned ? needs.union(.readEarly) : needs
  }

  /// The number of ciphertext bytes until the next step. A transport that must not read ahead (a serial line, a
  /// protocol that continues in plaintext) reads exactly so many. 0 if ``needs`` does not contain `.feed`.
  ///
  /// Corresponds to `BIO_ctrl_get_read_request(3)`.
  public var bytesNeeded: Int { needs.contains(.feed) ? handle.bytesNeeded : 0 }
}
