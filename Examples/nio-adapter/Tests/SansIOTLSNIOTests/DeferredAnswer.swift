import NIOCore
import SansIOTLS
import SansIOTLSNIO

/// An answer that the test gives later, as configured.
final class DeferredAnswer: TLSHandlerDelegate {
  private(set) var asked = 0
  private var promise: EventLoopPromise<Void>?

  func answerClientHello(
    _ hello: TLSEngine.ClientHello, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.ClientHello.Answer> { later(eventLoop).map { .serve } }

  func answerPeerCertificates(
    _ certificates: TLSEngine.PeerCertificates, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.PeerCertificates.Answer> { later(eventLoop).map { .followVerification } }

  func answerCertificateRequest(
    _ request: TLSEngine.CertificateRequest, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.CertificateRequest.Answer> { later(eventLoop).map { .presentConfigured } }

  private func later(_ eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    asked += 1
    let promise = eventLoop.makePromise(of: Void.self)
    self.promise = promise
    return promise.futureResult
  }

  func succeed() { promise?.succeed() }
}

/// Answers by a closure each.
struct Answers: TLSHandlerDelegate {
  var clientHello: (TLSEngine.ClientHello, any EventLoop) -> EventLoopFuture<TLSEngine.ClientHello.Answer> = {
    $1.makeSucceededFuture(.serve)
  }
  var certificates: (TLSEngine.PeerCertificates, any EventLoop) -> EventLoopFuture<TLSEngine.PeerCertificates.Answer> =
    {
      $1.makeSucceededFuture(.followVerification)
    }

  func answerClientHello(
    _ hello: TLSEngine.ClientHello, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.ClientHello.Answer> { clientHello(hello, eventLoop) }

  func answerPeerCertificates(
    _ presented: TLSEngine.PeerCertificates, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.PeerCertificates.Answer> { certificates(presented, eventLoop) }

  var request: (TLSEngine.CertificateRequest, any EventLoop) -> EventLoopFuture<TLSEngine.CertificateRequest.Answer> = {
    $1.makeSucceededFuture(.presentConfigured)
  }

  func answerCertificateRequest(
    _ requested: TLSEngine.CertificateRequest, on eventLoop: any EventLoop
  ) -> EventLoopFuture<TLSEngine.CertificateRequest.Answer> { request(requested, eventLoop) }
}
