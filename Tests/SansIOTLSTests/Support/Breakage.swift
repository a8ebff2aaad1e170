import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The failures of a connection, each caused from outside by bytes and configurations.
enum Breakage: CaseIterable {
  /// Invalid bytes follow the ClientHello: the server fails in the same call that produces its flight.
  case garbageBehindHello
  case corruptRecord
  case unknownAuthority
  case wrongName
  case missingClientCertificate
  case unacceptableClientCertificate
  case noApplicationProtocol
  case noCommonGroup
  case noCommonVersion
  case handshakeMessageInPlace
  case truncatedClientHello

  /// The failing side, and what it has to report.
  struct Expectation {
    let side: TLSRole
    let code: TLSError.Code
    let alert: TLSAlert
  }

  func expectation(_ version: TLSVersion) -> Expectation {
    switch self {
    case .garbageBehindHello:
      // Both type and version of the record are wrong: 0xff and 0xffff. A protected record of TLS 1.3 is judged by its
      // type first in the later record layer, else by its version.
      Expectation(
        side: .server, code: .protocolViolation,
        alert: version == .tls13 && LibraryVersion.hasNewRecordLayer ? .unexpectedMessage : .protocolVersion)
    case .corruptRecord: Expectation(side: .server, code: .protocolViolation, alert: .badRecordMAC)
    case .unknownAuthority: Expectation(side: .client, code: .certificateRejected, alert: .unknownCA)
    case .wrongName: Expectation(side: .client, code: .certificateRejected, alert: .badCertificate)
    case .missingClientCertificate:
      Expectation(
        side: .server, code: .certificateRejected, alert: version == .tls13 ? .certificateRequired : .handshakeFailure)
    case .unacceptableClientCertificate: Expectation(side: .server, code: .certificateRejected, alert: .unknownCA)
    case .noApplicationProtocol: Expectation(side: .server, code: .peerIncompatible, alert: .noApplicationProtocol)
    case .noCommonGroup: Expectation(side: .server, code: .peerIncompatible, alert: .handshakeFailure)
    case .noCommonVersion: Expectation(side: .server, code: .peerIncompatible, alert: .protocolVersion)
    case .handshakeMessageInPlace: Expectation(side: .server, code: .protocolViolation, alert: .unexpectedMessage)
    case .truncatedClientHello: Expectation(side: .server, code: .protocolViolation, alert: .decodeError)
    }
  }

  /// Whether a certificate was verified and rejected.
  var isCertificateCheck: Bool {
    self == .unknownAuthority || self == .wrongName || self == .unacceptableClientCertificate
  }

  /// Causes the failure and returns the pair, one side failed, its last output not drained yet.
  func pair(_ version: TLSVersion, limits: TLSEngine.Limits = .default) throws -> EnginePair {
    var identity = TestIdentity.server()
    if self == .wrongName { identity = .server(defect: .wrongName) }
    if self == .unknownAuthority { identity = .server(defect: .unknownIssuer) }
    var pair = try EnginePair.connected(version, handshake: false, limits: limits, identity: identity) {
      client, server in
      switch self {
      case .missingClientCertificate:
        try EnginePair.authenticateClient(&client, &server)
        client.identities = []
      case .unacceptableClientCertificate:
        try EnginePair.authenticateClient(&client, &server, .client(defect: .unknownIssuer))
      case .noApplicationProtocol:
        client.applicationProtocols = ["one"]
        server.applicationProtocols = ["other"]
      case .noCommonGroup:
        client.groups = [.secp384r1, .secp256r1]
        server.groups = version == .tls13 ? [.x25519] : [.secp521r1]
        server.identities = [try TestIdentity.server(key: .ed25519).identity]
      case .noCommonVersion:
        client.minimumVersion = version
        client.maximumVersion = version
        server.minimumVersion = version == .tls13 ? .tls12 : .tls13
        server.maximumVersion = server.minimumVersion
      default: break
      }
    }
    switch self {
    case .garbageBehindHello:
      _ = try? pair.server.feed(pair.client.drain() + [UInt8](repeating: 0xff, count: 64))
    case .corruptRecord:
      try pair.handshake()
      try pair.settle()
      _ = try pair.client.write(Array("to be damaged".utf8))
      var record = pair.client.drain()
      record[record.count - 1] ^= 1
      _ = try pair.server.feed(record)
      _ = try? pair.server.readAll()
    case .handshakeMessageInPlace:
      // A Finished instead of a ClientHello.
      _ = try? pair.server.feed([22, 3, 3, 0, 4, 20, 0, 0, 0])
    case .truncatedClientHello:
      _ = try? pair.server.feed([22, 3, 3, 0, 4, 1, 0, 0, 0])
    default:
      let side = expectation(version).side
      for _ in 0..<8 where pair[side].failure == nil {
        let sender = side.peer
        let toFail = pair[sender].drain()
        _ = try? pair[side].absorb(toFail)
        guard pair[side].failure == nil else { break }
        let toOther = pair[side].drain()
        _ = try pair[sender].absorb(toOther)
      }
    }
    return pair
  }
}
