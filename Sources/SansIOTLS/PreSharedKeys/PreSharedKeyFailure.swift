/// The facts about a failed handshake with pre-shared keys, as a table without libssl.
struct PreSharedKeyFailure {
  /// The report of libssl, as far as it concerns pre-shared keys.
  enum Report: Equatable, Sendable, CaseIterable {
    /// The proof of the key (the binder) is not that of this side's key.
    case wrongBinder
    /// A server has no key of the identity.
    case identityNotFound
    /// A record that does not decrypt.
    case badRecord
    /// The two sides have no suite or signature scheme in common.
    case nothingInCommon
    case other
  }

  let role: TLSRole
  let report: Report
  let alertReceived: TLSAlert?
  /// The client showed its key, and the server a certificate instead; the client demands the key.
  var isIgnored = false
  /// A client has a key to offer; a server's latest ClientHello shows identities.
  var isOffered = false
  /// A server has the key of an identity that it was shown.
  var isFound = false
  /// The suite is one of TLS 1.2 for pre-shared keys.
  var isTLS12Suite = false
  /// A client has no answer of the server yet, except for a request to repeat its hello.
  var isUnanswered = false
  /// A server has certificates for clients without a key.
  var hasCertificates = false

  /// The error that the facts add up to; `nil` if the keys have nothing to do with it.
  var cause: (code: TLSError.Code, hint: String)? {
    role == .client ? clientCause : serverCause
  }

  private var clientCause: (code: TLSError.Code, hint: String)? {
    if isIgnored {
      return (
        .preSharedKeyIgnored,
        "the server continues by a certificate: it does not know the identity of this side's pre-shared key, or has it "
          + "with another hash; compare both sides, or set acceptsCertificateWithoutPreSharedKey"
      )
    }
    guard isOffered || isTLS12Suite, let alertReceived else { return nil }
    if alertReceived == .unknownPSKIdentity { return (.unknownPreSharedKey, Self.unknown + " (\(alertReceived))") }
    if alertReceived == .handshakeFailure, isUnanswered {
      return (
        .alertReceived,
        "the peer closed the connection with the alert \(alertReceived); it may not know this side's pre-shared key, or "
          + "not support its hash"
      )
    }
    // libssl names a wrong proof by illegal_parameter, from 3.5 on by decrypt_error, as RFC 8446 says; in TLS 1.2 the
    // server cannot read the Finished.
    let isWrong =
      isTLS12Suite
      ? [.badRecordMAC, .decryptError].contains(alertReceived)
      : isUnanswered && [.illegalParameter, .decryptError].contains(alertReceived)
    return isWrong ? (.wrongPreSharedKey, Self.wrong("server") + "; it sent the alert \(alertReceived)") : nil
  }

  private var serverCause: (code: TLSError.Code, hint: String)? {
    switch report {
    case .wrongBinder: return (.wrongPreSharedKey, Self.wrong("client"))
    case .identityNotFound: return (.unknownPreSharedKey, "this side has no pre-shared key of the client's identity")
    case .badRecord where isTLS12Suite: return (.wrongPreSharedKey, Self.wrong("client"))
    case .nothingInCommon where !hasCertificates && !isFound:
      return isOffered
        ? (
          .unknownPreSharedKey,
          "this side has no pre-shared key of the identities that the client shows, and no certificate"
        )
        : (.missingPreSharedKey, "the client shows no pre-shared key, and this side has no certificate")
    case .badRecord, .nothingInCommon, .other: return nil
    }
  }

  private static let unknown = "the server has no pre-shared key of this side's identity"

  private static func wrong(_ peer: String) -> String {
    "the \(peer) has another key for this identity; compare the keys of both sides, and their hashes"
  }
}
