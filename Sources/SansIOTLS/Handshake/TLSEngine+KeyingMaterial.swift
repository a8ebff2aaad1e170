extension TLSEngine {
  /// Returns keying material for another protocol, bound to this connection.
  ///
  /// - Parameters:
  ///   - label: the exporter label, for example `EXPORTER-Channel-Binding` (RFC 9266); 1 to 249 bytes.
  ///   - context: the context value, less than 64 KiB; in TLS 1.2 none and empty differ.
  ///   - count: bytes wanted, 1 to 8,160.
  /// - Returns: the bytes. They are secret if the label's protocol says so; the caller zeroes them.
  /// - Throws: ``TLSError`` with code `.handshakeNotComplete` before the handshake is done and during a renegotiation,
  ///   `.invalidArgument` for a length out of range, `.unsupported` in TLS 1.2 without extended main secret (RFC 7627),
  ///   because a machine in the middle could have created two connections that export the same, `.openSSLFailure` if
  ///   libssl refuses.
  ///
  /// Corresponds to `SSL_export_keying_material(3)`, RFC 5705 and RFC 8446, section 7.5.
  public func exportKeyingMaterial(
    label: String, context: [UInt8]? = nil, count: Int
  ) throws(TLSError) -> [UInt8] {
    guard state.isHandshakeDone else {
      throw TLSError(.handshakeNotComplete, .misuse, hint: "keying material can be exported only after the handshake")
    }
    try Self.checkExporter(label: label, context: context, count: count)
    return try handle.exportKeyingMaterial(label: Array(label.utf8), context: context, count: count)
  }

  /// - Throws: ``TLSError`` with code `.invalidArgument` for a length that no exporter has.
  static func checkExporter(label: String, context: [UInt8]?, count: Int) throws(TLSError) {
    guard (1...249).contains(label.utf8.count), (1...8160).contains(count), context?.count ?? 0 < 65_536 else {
      throw TLSError(
        .invalidArgument, .misuse,
        hint: "an exporter requires a label of 1 to 249 bytes, a context below 64 KiB, and a length of 1 to 8,160 bytes"
      )
    }
  }
}
