public import NIOCore
public import SansIOTLS

/// Decides what only the application can decide, now or later; meanwhile nothing is read from the channel.
///
/// There is one method for each question, and a default that follows the configuration. The methods are called on the
/// channel's event loop; the future may belong to another. A failed future refuses the peer by the alert
/// handshake_failure.
public protocol TLSHandlerDelegate {
  /// Chooses the context that serves a client, or refuses the client. Called if
  /// `TLSContext.Configuration.pausesAtClientHello`.
  ///
  /// - Parameters:
  ///   - hello: what the client offers.
  ///   - eventLoop: the channel's event loop.
  /// - Returns: the answer; by default `.serve`. `acceptingEarlyData` of it decides about early data, after any store
  ///   that knows ``SansIOTLS/TLSEngine/ClientHello/earlyDataToken`` was asked.
  func answerClientHello(
    _ hello: TLSEngine.ClientHello, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.ClientHello.Answer>

  /// Accepts or refuses the peer's certificates: a server's on a client, a client's on a server. Called if
  /// `TLSContext.Configuration.pausesAtPeerCertificates`.
  ///
  /// - Parameters:
  ///   - certificates: what the peer presented, and the result of the verification.
  ///   - eventLoop: the channel's event loop.
  /// - Returns: the answer; by default `.followVerification`.
  func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.PeerCertificates.Answer>

  /// Chooses the identity that a client presents. Called if `TLSContext.Configuration.pausesAtCertificateRequest`, in
  /// TLS 1.3 also for requests after the handshake.
  ///
  /// - Parameters:
  ///   - request: what the server requests.
  ///   - eventLoop: the channel's event loop.
  /// - Returns: the answer; by default `.presentConfigured`. One that the engine refuses, and a failed future, end the
  ///   connection.
  func answerCertificateRequest(
    _ request: TLSEngine.CertificateRequest, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.CertificateRequest.Answer>
}

extension TLSHandlerDelegate {
  /// Serves every client by the handler's own context.
  ///
  /// - Parameters:
  ///   - hello: what the client offers.
  ///   - eventLoop: the channel's event loop.
  /// - Returns: `.serve`.
  public func answerClientHello(
    _ hello: TLSEngine.ClientHello, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.ClientHello.Answer> { eventLoop.makeSucceededFuture(.serve) }

  /// Follows the result of the verification.
  ///
  /// - Parameters:
  ///   - certificates: what the peer presented.
  ///   - eventLoop: the channel's event loop.
  /// - Returns: `.followVerification`.
  public func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.PeerCertificates.Answer> { eventLoop.makeSucceededFuture(.followVerification) }

  /// Presents the configuration's identity.
  ///
  /// - Parameters:
  ///   - request: what the server requests.
  ///   - eventLoop: the channel's event loop.
  /// - Returns: `.presentConfigured`.
  public func answerCertificateRequest(
    _ request: TLSEngine.CertificateRequest, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.CertificateRequest.Answer> { eventLoop.makeSucceededFuture(.presentConfigured) }
}
