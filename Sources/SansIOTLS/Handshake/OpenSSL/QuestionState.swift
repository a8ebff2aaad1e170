/// The questions of one connection and their answers. A connection that cannot be asked about anything has none.
///
/// It belongs to one connection, and one thread at most is inside that.
final class QuestionState {
  /// The stages of a question.
  enum Pending<Asked> {
    case none
    case asked(Asked)
    case answered(RecordedAnswer)
  }

  enum RecordedAnswer {
    case proceed
    case accept
    /// The application refused the peer.
    case reject(TLSAlert)
    /// The application left the decision to a verification that had failed.
    case fail(TLSAlert)
  }

  let pausesAtClientHello: Bool
  /// As the context that serves the connection says.
  var pausesAtPeerCertificates: Bool
  var clientHello: Pending<TLSEngine.ClientHello> = .none
  var peerCertificates: Pending<[TLSCertificate]> = .none
  let pausesAtCertificateRequest: Bool
  var certificateRequest: Pending<TLSEngine.CertificateRequest> = .none
  /// An answer replaced the context's identities on this connection.
  var hasReplacedIdentities = false
  /// The chain that a client built before it asked, so that the answer needs no second verification.
  var verifiedChain: VerifiedChain?
  /// The flight of a server in TLS 1.2 that nothing can be refused after, until the answer about the client.
  var heldOutput: [UInt8] = []

  init(_ context: TLSContext) {
    pausesAtCertificateRequest = context.pausesAtCertificateRequest
    pausesAtClientHello = context.pausesAtClientHello
    pausesAtPeerCertificates = context.pausesAtPeerCertificates
  }
}
