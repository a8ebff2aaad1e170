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

  /// Accepts or refuses the peer's certificates. Called if `TLSContext.Configuration.pausesAtPeerCertificates`.
  ///
  /// - Parameter certificates: what the peer presented, and the result of the verification.
  /// - Returns: the answer; by default `.followVerification`.
  func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates
  ) async -> TLSEngine.PeerCertificates.Answer
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
}
