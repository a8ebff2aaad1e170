extension TLSEngine {
  /// Returns keying material for another protocol before the handshake is done: it is bound to the client's first
  /// ClientHello and to the session that this offers. Both sides have the same.
  ///
  /// It promises what early data does, and no more: **a copy of the ClientHello that an attacker sends again exports
  /// the same**, and who learns the keys of the session's ticket later learns it too. After the handshake use
  /// ``exportKeyingMaterial(label:context:count:)``, whose values are others.
  ///
  /// - A **client** that offers early data has it from the creation of the engine until it is first fed, and again
  ///   after the handshake if the server has accepted the early data. A server that rejects it never has the same.
  /// - A **server** has it from the moment at which it accepts the early data.
  ///
  /// - Parameters:
  ///   - label: the exporter label; 1 to 249 bytes.
  ///   - context: the context value, less than 64 KiB. In TLS 1.3 an empty one is the same as none.
  ///   - count: bytes wanted, 1 to 8,160.
  /// - Returns: the bytes. They are secret if the label's protocol says so; the caller zeroes them.
  /// - Throws: ``TLSError`` with code `.handshakeNotComplete` on a client that was fed until its handshake is done, and
  ///   on a server before the ClientHello; `.unsupported` where early data is not offered, or not accepted;
  ///   `.invalidArgument` for a length out of range; `.openSSLFailure` if libssl refuses.
  ///
  /// Corresponds to `SSL_export_keying_material_early(3)`, RFC 8446, section 7.5.
  public func exportEarlyKeyingMaterial(
    label: String, context: [UInt8] = [], count: Int
  ) throws(TLSError) -> [UInt8] {
    try Self.checkExporter(label: label, context: context, count: count)
    switch handle.hasEarlySecret {
    case true?: return try handle.exportEarlyKeyingMaterial(label: Array(label.utf8), context: context, count: count)
    case false?:
      let (obstacle, blame) = obstacleToEarlySecret
      throw TLSError(
        .unsupported, blame, hint: "early keying material exists only with early data, which was \(obstacle)")
    case nil:
      throw TLSError(
        .handshakeNotComplete, .misuse,
        hint: "the server has not decided about early data yet; repeat the call when it has")
    }
  }

  private var obstacleToEarlySecret: (String, TLSError.Blame) {
    guard let early = handle.early else { return ("not asked for when the engine or its context was created", .misuse) }
    if context.role == .client, !early.wasOffered { return ("not offered: \(early.obstacle)", .misuse) }
    return (handle.earlyDataOutcome == nil ? "not offered by the client" : "rejected by the server", .peer)
  }
}
