extension TLSEngine {
  /// The proof of a peer's identity. In a resumption it is that of the session's first connection.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum PeerAuthentication: Sendable, Hashable, CustomStringConvertible {
    /// The peer proved nothing: the usual client of a server that requests no certificate.
    case none
    /// A certificate, whose key the peer has: see ``TLSEngine/peerCertificates``. It is as trustworthy as
    /// ``TLSContext/Configuration/peerVerification`` and the answers of the application demand.
    case certificate
    /// A raw public key, whose private key the peer has: see ``TLSEngine/peerPublicKey``.
    case rawPublicKey
    /// The pre-shared key of this identity, which both sides have.
    case preSharedKey(identity: [UInt8])

    /// The proof in words, for example `pre-shared key device 1`. What is not printable in an identity is escaped.
    public var description: String {
      switch self {
      case .none: "nothing"
      case .certificate: "certificate"
      case .rawPublicKey: "raw public key"
      case .preSharedKey(let identity): "pre-shared key \(String(decoding: identity, as: UTF8.self).printable)"
      }
    }
  }
}
