import SansIOTLS

// Guide: early client
/// Sends a request with the ClientHello, if the server allows it.
///
/// - Parameters:
///   - request: a request that does no harm if the server executes it twice.
///   - tls: an engine that was created with a session and `sendsEarlyData: true`, and was not fed.
/// - Returns: how many bytes left early: none, or all that `limits.pendingOutputByteCount` has room for; drain, and
///   write the others early too. What did not leave early, and all after `.earlyData(.rejected)`, the caller writes
///   after the handshake.
/// - Throws: `TLSError`.
public func sendEarly(_ request: [UInt8], by tls: inout TLSEngine) throws(TLSError) -> Int {
  // Half a request is of no use to the server.
  guard tls.earlyDataCapacity >= request.count else { return 0 }
  return try tls.writeEarly(request).value ?? 0
}

/// Returns how many bytes a client has to write again after its handshake.
public func rejectedByteCount(of tls: borrowing TLSEngine) -> Int {
  if case .rejected(let byteCount)? = tls.earlyData { byteCount } else { 0 }
}
// Guide: end

// Guide: early server
extension TLSContext.Configuration {
  /// A server of one process that accepts 16 KiB of early data, each offer once.
  ///
  /// - Parameters:
  ///   - identity: the server's identity.
  ///   - filter: one for the life of the process.
  public static func earlyServer(_ identity: TLSIdentity, _ filter: TLSReplayFilter) -> Self {
    var configuration = Self.server(identity)
    configuration.maximumEarlyDataByteCount = 16_384
    configuration.earlyDataReplayFilter = filter
    return configuration
  }
}

/// Reads what a client sent early, as far as it has arrived. The caller executes only what does no harm twice, and
/// treats the rest as if it had not come.
public func earlyRequest(at tls: inout TLSEngine) throws(TLSError) -> [UInt8] {
  var request: [UInt8] = []
  while case .done(let bytes) = try tls.readEarly(upTo: 16_384) { request += bytes }
  return request
}
// Guide: end

// Guide: early fleet
/// A store that all servers with the same ticket keys share.
public protocol SharedStore {
  /// Inserts a key that expires.
  ///
  /// - Returns: whether it was absent; the insertion and the look are one operation, as SET with NX of Redis.
  func insertIfAbsent(_ key: [UInt8], expiringAfter seconds: Int64) throws -> Bool
}

/// Answers a ClientHello: serves the client, and accepts its early data if no server of the fleet has accepted it yet.
public func answer(_ hello: TLSEngine.ClientHello, by store: some SharedStore) -> TLSEngine.ClientHello.Answer {
  guard let token = hello.earlyDataToken else { return .serve }
  let isNew = try? store.insertIfAbsent(token, expiringAfter: TLSReplayFilter.windowSeconds)
  return .serve.acceptingEarlyData(isNew ?? false)
}
// Guide: end
