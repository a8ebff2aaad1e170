import SansIOTLS
import SansIOTLSTransports

// Guide: key update
/// Writes a large amount, and changes the sending keys after each piece.
///
/// - Parameters:
///   - plaintext: the bytes.
///   - pieceByteCount: how many of them one pair of keys may protect.
///   - stream: a stream in TLS 1.3.
public func write(
  _ plaintext: [UInt8], changingKeysEvery pieceByteCount: Int, to stream: TLSStream<some ByteTransport>
) async throws {
  var rest = plaintext[...]
  while !rest.isEmpty {
    try await stream.write(Array(rest.prefix(pieceByteCount)))
    rest = rest.dropFirst(pieceByteCount)
    _ = try stream.withEngine { engine throws(TLSError) in try engine.keyUpdate(requestingPeer: false) }
  }
}
// Guide: end

// Guide: channel binding
/// The name and the bytes of the channel binding that a SASL mechanism such as SCRAM-SHA-256-PLUS includes in its
/// proof.
public func channelBinding(of tls: borrowing TLSEngine) throws(TLSError) -> (name: String, bytes: [UInt8]) {
  let type: TLSEngine.ChannelBinding = tls.negotiated?.version == .tls13 ? .exporter : .unique
  return (type.rawValue, try tls.channelBinding(type))
}

/// A key for another protocol between the same two programs: both sides derive the same, and no other connection does.
public func applicationKey(of tls: borrowing TLSEngine) throws(TLSError) -> [UInt8] {
  try tls.exportKeyingMaterial(label: "EXPORTER-example.org-files", context: Array("upload".utf8), count: 32)
}
// Guide: end

// Guide: late authentication
extension TLSContext.Configuration {
  /// A server that asks for certificates when a request needs one.
  public static func server(_ identity: TLSIdentity, admitting authority: TLSTrustRoots) -> Self {
    var configuration = Self.server(identity)
    configuration.clientAuthentication = .onRequest
    configuration.trustRoots = [authority]
    return configuration
  }

  /// A client that presents its certificate whenever the server asks.
  public static func client(_ identity: TLSIdentity) -> Self {
    var configuration = Self.client()
    configuration.identities = [identity]
    configuration.offersPostHandshakeAuthentication = true
    return configuration
  }
}

/// The steps of a server that answers a request only to a client with a certificate.
public struct Admission {
  private var isAsked = false
  private var isAnswered = false

  /// Creates the state of a connection.
  public init() {}

  /// The client's certificate, `nil` until it has arrived; the first call asks for it.
  public mutating func certificate(of tls: inout TLSEngine) throws(TLSError) -> TLSCertificate? {
    if !isAsked, case .done = try tls.requestClientCertificate() { isAsked = true }
    while let event = tls.nextEvent() {
      if case .clientCertificateReceived = event { isAnswered = true }
    }
    // Not before: what is there until then may be of a session.
    return isAnswered ? tls.peerCertificates.first : nil
  }
}
// Guide: end

// Guide: record sizes
extension TLSContext.Configuration {
  /// The same configuration for a server of pages: the first bytes can be decrypted when the first packet has arrived.
  public func startingSmall() -> Self {
    var configuration = self
    configuration.records.smallStart = TLSRecordPolicy.SmallStart()
    return configuration
  }

  /// The same configuration for messages whose length must not be seen: each is as long as the longest, of fewer than
  /// 16,384 bytes.
  public func hidingLengths(upTo byteCount: Int) -> Self {
    var configuration = self
    configuration.minimumVersion = .tls13
    configuration.records.paddingByteCount = byteCount + 1  // the type of the record is padded with it
    return configuration
  }
}
// Guide: end
