/// The proof of the peer's identity by a handshake, compared with what the configuration demands. libssl checks a
/// certificate where the suite brings one; that one was brought is for the engine to see (law 15).
struct PeerProof: Equatable, Sendable {
  /// The demand of the configuration.
  enum Demand: CaseIterable, Sendable {
    /// The peer may be anyone.
    case none
    /// A peer that shows a certificate must show an acceptable one.
    case whereShown
    /// The peer must show an acceptable certificate.
    case always
    /// The peer must have the pre-shared key; no certificate replaces it.
    case preSharedKey
  }

  let demand: Demand
  /// The peer showed a certificate, here or in the connection that the session was made by.
  let hasCertificate: Bool
  /// The certificate was checked and accepted, here or there.
  let isAccepted: Bool
  /// The peer proved a pre-shared key of the configuration or of an answer, here or in the connection that the session
  /// was made by.
  var isPreShared = false

  var isSufficient: Bool {
    if isPreShared { return true }
    return switch demand {
    case .none: true
    case .whereShown: !hasCertificate || isAccepted
    case .always: hasCertificate && isAccepted
    case .preSharedKey: false
    }
  }
}
