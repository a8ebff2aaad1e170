/// Why a connection cannot go on, or what was wrong with a call or a configuration.
///
/// Two errors are equal when their codes are. A description holds names, numbers and libssl's own texts, never key
/// material, passphrases or plaintext.
public struct TLSError: Error, Sendable, CustomStringConvertible {
  /// What happened, in one word that programs can compare.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code's name.
    public let description: String
    init(_ name: String) { description = name }
  }

  /// Whose turn it is to change something.
  public enum Blame: Sendable, Hashable {
    /// The peer, or the transport to it, did what it must not.
    case peer
    /// The configuration or the environment on this side.
    case local
    /// The call itself; the connection is as it was before.
    case misuse
  }

  /// One entry of libssl's error queue.
  public struct OpenSSLEntry: Sendable, Hashable, CustomStringConvertible {
    /// The packed code. Corresponds to `ERR_get_error(3)`.
    public let code: UInt
    /// The reporting library, for example `SSL routines`.
    public let library: String
    /// The reporting function, for example `tls_process_server_hello`; empty where it is not known.
    public let function: String
    /// The reason in words.
    public let reason: String
    /// The reason's number. Corresponds to `ERR_GET_REASON(3)`.
    public let reasonCode: Int
    /// Additional text that libssl attached, empty if none.
    public let detail: String

    /// For example `SSL routines: wrong version number (267) in ssl3_get_record`.
    public var description: String {
      let text =
        "\(library): \(reason) (\(reasonCode))" + (function.isEmpty ? "" : " in \(function)")
        + (detail.isEmpty ? "" : ", \(detail)")
      return text.printable
    }
  }

  // One reference keeps the error as small as a pointer: the engine carries an optional one and looks at it in each call.
  private final class Storage: Sendable {
    let code: Code
    let blame: Blame
    let hint: String
    let alertSent: TLSAlert?
    let alertReceived: TLSAlert?
    let verification: TLSVerificationResult?
    let library: [OpenSSLEntry]
    let isMidRecord: Bool

    init(
      code: Code, blame: Blame, hint: String, alertSent: TLSAlert?, alertReceived: TLSAlert?,
      verification: TLSVerificationResult?, library: [OpenSSLEntry], isMidRecord: Bool
    ) {
      self.code = code
      self.blame = blame
      self.hint = hint
      self.alertSent = alertSent
      self.alertReceived = alertReceived
      self.verification = verification
      self.library = library
      self.isMidRecord = isMidRecord
    }
  }

  private let storage: Storage

  init(
    _ code: Code, _ blame: Blame, hint: String, alertSent: TLSAlert? = nil, alertReceived: TLSAlert? = nil,
    verification: TLSVerificationResult? = nil, library: [OpenSSLEntry] = [], isMidRecord: Bool = false
  ) {
    storage = Storage(
      code: code, blame: blame, hint: hint.printable, alertSent: alertSent, alertReceived: alertReceived,
      verification: verification, library: library, isMidRecord: isMidRecord)
  }

  /// What happened.
  public var code: Code { storage.code }
  /// Whose fault it is.
  public var blame: Blame { storage.blame }
  /// What went wrong in words, and what to do about it; what a peer or a file put into it is escaped.
  public var hint: String { storage.hint }
  /// The fatal alert that this side sent; it is in what `drain` yields.
  public var alertSent: TLSAlert? { storage.alertSent }
  /// The fatal alert that the peer sent.
  public var alertReceived: TLSAlert? { storage.alertReceived }
  /// The result of the certificate check, if one failed.
  public var verification: TLSVerificationResult? { storage.verification }
  /// libssl's error queue as it was, oldest entry first.
  public var library: [OpenSSLEntry] { storage.library }
  /// With `.truncated`: whether the transport ended inside a record rather than between two.
  public var isMidRecord: Bool { storage.isMidRecord }

  /// One line: the code, what happened and what to do, the alerts, the certificate check, libssl's own words.
  public var description: String {
    var text = "\(code): \(hint)"
    if let verification { text += "; certificate check: \(verification)" }
    if let alertReceived { text += "; alert received: \(alertReceived)" }
    if let alertSent { text += "; alert sent: \(alertSent)" }
    if !library.isEmpty { text += "; libssl: " + library.map(\.description).joined(separator: " | ") }
    return text
  }
}

extension TLSError: Equatable {
  /// Whether the codes are equal.
  public static func == (left: TLSError, right: TLSError) -> Bool { left.code == right.code }
}

extension TLSError.Code {
  // MARK: The connection

  /// The peer's certificate was not accepted; see `verification`.
  public static let certificateRejected = Self("certificateRejected")
  /// The transport ended without close_notify; see `isMidRecord`.
  public static let truncated = Self("truncated")
  /// The first bytes are not TLS; `hint` says what they look like.
  public static let notTLS = Self("notTLS")
  /// The peer ended the connection by the alert in `alertReceived`.
  public static let alertReceived = Self("alertReceived")
  /// The two sides have no version, suite, group, signature algorithm or application protocol in common.
  public static let peerIncompatible = Self("peerIncompatible")
  /// The peer broke the protocol; `alertSent` says how, if libssl told it.
  public static let protocolViolation = Self("protocolViolation")
  /// The peer went past a bound of ``TLSEngine/Limits``. The engine found it and not libssl, so no alert is sent.
  public static let limitExceeded = Self("limitExceeded")
  /// The application answered a question by `.reject`.
  public static let rejected = Self("rejected")
  /// libssl failed for a reason of its own; see `library`.
  public static let library = Self("library")

  // MARK: Calls

  /// `write` or `keyUpdate` after `close()`.
  public static let closed = Self("closed")
  /// A call after `close()` in mid-handshake.
  public static let abandoned = Self("abandoned")
  /// The call needs a finished handshake.
  public static let handshakeNotComplete = Self("handshakeNotComplete")
  /// `feed` after `feedEOF`.
  public static let inputAfterEOF = Self("inputAfterEOF")
  /// `answer` without a question, or an answer to another question.
  public static let wrongAnswer = Self("wrongAnswer")
  /// An argument out of its range.
  public static let invalidArgument = Self("invalidArgument")
  /// A server name that cannot be one.
  public static let invalidServerName = Self("invalidServerName")
  /// A client's engine with a server's context, or the other way round.
  public static let wrongRole = Self("wrongRole")
  /// What this libssl, or this version of TLS, does not offer.
  public static let unsupported = Self("unsupported")

  // MARK: Configuration

  /// Bytes or a file that hold no certificate.
  public static let invalidCertificate = Self("invalidCertificate")
  /// Bytes or a file that hold no private key.
  public static let invalidPrivateKey = Self("invalidPrivateKey")
  /// Bytes that are not a PKCS#12 bundle, or one without certificate and key, or with several keys.
  public static let invalidPKCS12 = Self("invalidPKCS12")
  /// An encrypted key, and no passphrase was given.
  public static let missingPassphrase = Self("missingPassphrase")
  /// The passphrase does not open the key or bundle.
  public static let wrongPassphrase = Self("wrongPassphrase")
  /// A key or bundle that is encrypted with what libcrypto's providers lack; `hint` names it. The passphrase may be right.
  public static let unsupportedEncryption = Self("unsupportedEncryption")
  /// A passphrase longer than libcrypto takes (1,024 bytes).
  public static let passphraseTooLong = Self("passphraseTooLong")
  /// A private key that is not the certificate's.
  public static let keyDoesNotMatchCertificate = Self("keyDoesNotMatchCertificate")
  /// libssl refuses the certificate or key, for example as too weak for the security level.
  public static let identityRefused = Self("identityRefused")
  /// Two identities of one key type.
  public static let duplicateIdentity = Self("duplicateIdentity")
  /// A server without identity.
  public static let missingIdentity = Self("missingIdentity")
  /// Peers are to be verified and there is nothing to verify them by.
  public static let missingTrustRoots = Self("missingTrustRoots")
  /// A file or directory that cannot be opened.
  public static let unreadableFile = Self("unreadableFile")
  /// A minimum version over the maximum, or one that is not TLS 1.2 or 1.3.
  public static let invalidVersionRange = Self("invalidVersionRange")
  /// A cipher list or suite name that libssl does not know.
  public static let unknownCipher = Self("unknownCipher")
  /// A group that libssl does not know.
  public static let unknownGroup = Self("unknownGroup")
  /// Groups that exclude the curve of this side's own certificate in TLS 1.2.
  public static let unusableGroups = Self("unusableGroups")
  /// A signature algorithm that libssl does not know.
  public static let unknownSignatureAlgorithm = Self("unknownSignatureAlgorithm")
  /// An application protocol that is empty or longer than 255 bytes, or a list over 65,535 bytes.
  public static let invalidApplicationProtocol = Self("invalidApplicationProtocol")
  /// A text with a NUL where libssl or libcrypto would read C text, and so drop what follows it; `hint` names the setting.
  public static let containsNUL = Self("containsNUL")
  /// A security level, depth or count out of its range.
  public static let invalidConfiguration = Self("invalidConfiguration")
}
