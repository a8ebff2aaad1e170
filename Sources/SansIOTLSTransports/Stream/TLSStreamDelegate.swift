public import SansIOTLS

/// Decides what only the application can decide, at any later time: a database may be asked, or a person.
///
/// There is one method for each question, and a default that follows the configuration. Meanwhile the stream waits;
/// ciphertext that arrives is buffered.
public protocol TLSStreamDelegate: Sendable {
  /// Chooses the context that serves a client, or refuses the client. Called if
  /// `TLSContext.Configuration.pausesAtClientHello`.
  ///
  /// - Parameter hello: what the client offers.
  /// - Returns: the answer; by default `.serve`.
  func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer

  /// Accepts or refuses the peer's certificates: a server's on a client, a client's on a server. Called if
  /// `TLSContext.Configuration.pausesAtPeerCertificates`.
  ///
  /// - Parameter certificates: what the peer presented, and the result of the verification.
  /// - Returns: the answer; by default `.followVerification`.
  func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates
  ) async -> TLSEngine.PeerCertificates.Answer

  /// Chooses the identity that a client presents. Called if `TLSContext.Configuration.pausesAtCertificateRequest`, in
  /// TLS 1.3 also for requests after the handshake, which a read receives.
  ///
  /// - Parameter request: what the server requests.
  /// - Returns: the answer; by default `.presentConfigured`. One that the engine refuses ends the stream.
  func answerCertificateRequest(
    _ request: TLSEngine.CertificateRequest
  ) async -> TLSEngine.CertificateRequest.Answer
}

extension TLSStreamDelegate {
  /// Serves every client by the stream's own context.
  ///
  /// - Parameter hello: what the client offers.
  /// - Returns: `.serve`.
  public func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer { .serve }

  /// Follows the result of the verification.
  ///
  /// - Parameter certificates: what the peer presented.
  /// - Returns: `.followVerification`.
  public func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates
  ) async -> TLSEngine.PeerCertificates.Answer { .followVerification }

  /// Presents the configuration's identity.
  ///
  /// - Parameter request: what the server requests.
  /// - Returns: `.presentConfigured`.
  public func answerCertificateRequest(
    _ request: TLSEngine.CertificateRequest
  ) async -> TLSEngine.CertificateRequest.Answer { .presentConfigured }
}
