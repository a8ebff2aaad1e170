/// The reason why a connection ended, or why a call or a configuration was refused.
///
/// Two errors are equal when their codes are. A description holds names, numbers and libssl's own texts, never key
/// material, passphrases or plaintext.
public struct TLSError: Error, Sendable, CustomStringConvertible {
  /// The kind of an error, in one word that programs can compare.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code's name.
    public let description: String
    init(_ name: String) { description = name }
  }

  /// The side that must change something.
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
    /// The reporting function, for example `tls_process_server_hello`; empty if it is not known.
    public let function: String
    /// The reason in words.
    public let reason: String
    /// The reason's number. Corresponds to `ERR_GET_REASON(3)`.
    public let reasonCode: Int
    /// Additional text that libssl attached, empty if none.
    public let detail: String

    /// Creates an entry, for tests of what shows errors.
    ///
    /// - Parameters:
    ///   - code: the packed code.
    ///   - library: the reporting library.
    ///   - function: the reporting function, empty if it is not known.
    ///   - reason: the reason in words.
    ///   - reasonCode: the reason's number.
    ///   - detail: additional text, empty if none.
    public init(
      code: UInt, library: String, function: String = "", reason: String, reasonCode: Int, detail: String = ""
    ) {
      self.code = code
      self.library = library
      self.function = function
      self.reason = reason
      self.reasonCode = reasonCode
      self.detail = detail
    }

    /// For example `SSL routines: wrong version number (267) in ssl3_get_record`.
    public var description: String {
      let text =
        "\(library): \(reason) (\(reasonCode))" + (function.isEmpty ? "" : " in \(function)")
        + (detail.isEmpty ? "" : ", \(detail)")
      return text.printable
    }
  }

  // One reference keeps the error as small as a pointer: the engine carries an optional one and looks at it in each
  // call.
  private final class Storage: Sendable {
    let code: Code
    let blame: Blame
    let hint: String
    let alertSent: TLSAlert?
    let alertReceived: TLSAlert?
    let verification: TLSVerificationResult?
    let openSSLErrors: [OpenSSLEntry]
    let isMidRecord: Bool

    init(
      code: Code, blame: Blame, hint: String, alertSent: TLSAlert?, alertReceived: TLSAlert?,
      verification: TLSVerificationResult?, openSSLErrors: [OpenSSLEntry], isMidRecord: Bool
    ) {
      self.code = code
      self.blame = blame
      self.hint = hint
      self.alertSent = alertSent
      self.alertReceived = alertReceived
      self.verification = verification
      self.openSSLErrors = openSSLErrors
      self.isMidRecord = isMidRecord
    }
  }

  private let storage: Storage

  /// Creates an error, for tests of what handles it. The library's own errors are created by the library alone.
  ///
  /// - Parameters:
  ///   - code: what happened.
  ///   - blame: which side must change something.
  ///   - hint: what went wrong in words. What is not printable is escaped.
  ///   - alertSent: the fatal alert that this side sent.
  ///   - alertReceived: the fatal alert that the peer sent.
  ///   - verification: the result of a certificate verification that failed.
  ///   - openSSLErrors: libssl's error queue, oldest entry first.
  ///   - isMidRecord: with `.truncated`, whether the transport ended inside a record.
  @inline(never)  // What makes an error would lie in the middle of each function that can fail.
  public init(
    _ code: Code, _ blame: Blame, hint: String, alertSent: TLSAlert? = nil, alertReceived: TLSAlert? = nil,
    verification: TLSVerificationResult? = nil, openSSLErrors: [OpenSSLEntry] = [], isMidRecord: Bool = false
  ) {
    storage = Storage(
      code: code, blame: blame, hint: hint.printable, alertSent: alertSent, alertReceived: alertReceived,
      verification: verification, openSSLErrors: openSSLErrors, isMidRecord: isMidRecord)
  }

  /// The kind of error.
  public var code: Code { storage.code }
  /// The side that caused it.
  public var blame: Blame { storage.blame }
  /// The cause in words, and what to do about it. Text of a peer or a file is escaped.
  public var hint: String { storage.hint }
  /// The fatal alert that this side sent; it is in what `drain` yields.
  public var alertSent: TLSAlert? { storage.alertSent }
  /// The fatal alert that the peer sent.
  public var alertReceived: TLSAlert? { storage.alertReceived }
  /// The result of the certificate check, if one failed.
  public var verification: TLSVerificationResult? { storage.verification }
  /// libssl's error queue as it was, oldest entry first.
  public var openSSLErrors: [OpenSSLEntry] { storage.openSSLErrors }
  /// With `.truncated`: whether the transport ended inside a record rather than between two.
  public var isMidRecord: Bool { storage.isMidRecord }

  /// One line: the code, what happened and what to do, the alerts, the certificate check, libssl's own words.
  public var description: String {
    var text = "\(code): \(hint)"
    if let verification { text += "; certificate check: \(verification)" }
    if let alertReceived { text += "; alert received: \(alertReceived)" }
    if let alertSent { text += "; alert sent: \(alertSent)" }
    if !openSSLErrors.isEmpty { text += "; libssl: " + openSSLErrors.map(\.description).joined(separator: " | ") }
    return text
  }
}

extension TLSError: Equatable {
  /// Whether the codes are equal.
  public static func == (left: TLSError, right: TLSError) -> Bool { left.code == right.code }
}
