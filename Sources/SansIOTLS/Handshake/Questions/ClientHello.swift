extension TLSEngine {
  /// The offer of a client, as far as it matters for the choice of a context. Bounded by libssl's limit on a
  /// ClientHello.
  ///
  /// A server with ``TLSContext/Configuration/pausesAtClientHello`` stops at it and asks: which context serves this
  /// client?
  public struct ClientHello: Sendable, Hashable {
    /// The host name that the client names (SNI), in small letters; `nil` if there is none or it is not a DNS name as
    /// in ``TLSServerName/dns(_:)``, without trailing dot.
    public let serverName: String?
    /// The application protocols offered (ALPN), in the client's order.
    public let applicationProtocols: [String]
    /// The versions offered, in the client's order, GREASE included as unknown numbers.
    public let versions: [TLSVersion]
    /// The cipher suites offered, in the client's order, GREASE and signalling values included.
    public let cipherSuites: [TLSCipherSuite]
    /// The key-exchange groups offered, in the client's order, GREASE included; empty if there is no such extension.
    public let groups: [TLSGroup]
    /// The signature schemes that the client verifies, in its order; empty if there is no such extension.
    public let signatureSchemes: [TLSSignatureScheme]
    /// The identities of pre-shared keys that the client shows, in its order, 64 at most; those of session tickets are
    /// among them. Empty if there is no such extension. A server may answer with the key of one of them:
    /// ``Answer/accepting(_:)``. In TLS 1.2 a client shows its identity later, and there is no question about it.
    public let preSharedKeyIdentities: [[UInt8]]
    /// Names the early data that the client offers, for a store of the offers that were accepted: 32 bytes, the same
    /// for a copy of this ClientHello and for no other. `nil` if it offers none. See
    /// ``Answer/acceptingEarlyData(_:)``.
    public let earlyDataToken: [UInt8]?
    /// The whole message as it was received, without record headers: type, length and body (RFC 8446, section 4). Empty
    /// in an offer that was created by its fields, and for the form of SSL 2.
    public let message: [UInt8]

    /// Reads a ClientHello message.
    ///
    /// - Parameter message: type, length and body, without record headers.
    /// - Returns: `nil` if it is no ClientHello, not whole, or something follows it. An extension whose contents are
    ///   malformed counts as absent for the fields here; a handshake would be refused.
    ///
    /// Corresponds to RFC 8446, section 4.1.2.
    public init?(message: [UInt8]) {
      guard let parts = ClientHelloParts(message[...]) else { return nil }
      func list(_ type: UInt16) -> [UInt16] { Self.list(in: parts.contents(of: type)) }
      serverName = Self.serverName(in: parts.contents(of: 0))
      applicationProtocols = Self.protocols(in: parts.contents(of: 16))
      versions = Self.versions(in: parts.contents(of: 43), legacy: parts.legacyVersion)
      cipherSuites = Self.numbers(in: Array(parts.cipherSuites)).map(TLSCipherSuite.init(rawValue:))
      groups = list(10).map(TLSGroup.init(rawValue:))
      signatureSchemes = list(13).map(TLSSignatureScheme.init(rawValue:))
      preSharedKeyIdentities = Self.preSharedKeyIdentities(in: parts.contents(of: 41))
      earlyDataToken = Self.earlyDataToken(in: parts)
      self.message = message
    }

    /// Creates an offer by its fields, for tests of what answers it.
    ///
    /// - Parameters:
    ///   - serverName: the host name, in small letters.
    ///   - applicationProtocols: the application protocols, the client's first choice first.
    ///   - versions: the versions, the client's first choice first.
    ///   - cipherSuites: the cipher suites, the client's first choice first.
    ///   - groups: the groups, the client's first choice first.
    ///   - signatureSchemes: the signature schemes, the client's first choice first.
    ///   - preSharedKeyIdentities: the identities of pre-shared keys, the client's first choice first.
    ///   - earlyDataToken: names the early data that the client offers.
    public init(
      serverName: String?, applicationProtocols: [String] = [], versions: [TLSVersion] = [.tls13, .tls12],
      cipherSuites: [TLSCipherSuite] = [], groups: [TLSGroup] = [], signatureSchemes: [TLSSignatureScheme] = [],
      preSharedKeyIdentities: [[UInt8]] = [], earlyDataToken: [UInt8]? = nil
    ) {
      self.serverName = serverName
      self.applicationProtocols = applicationProtocols
      self.versions = versions
      self.cipherSuites = cipherSuites
      self.groups = groups
      self.signatureSchemes = signatureSchemes
      self.preSharedKeyIdentities = preSharedKeyIdentities
      self.earlyDataToken = earlyDataToken
      message = []
    }
  }
}

// MARK: The message

extension TLSEngine.ClientHello {
  /// An extension of a ClientHello.
  public struct Extension: Sendable, Hashable {
    /// The number in the IANA registry ("TLS ExtensionType Values").
    public let type: UInt16
    /// The contents without type and length.
    public let contents: ArraySlice<UInt8>

    /// Whether the number is one that clients add at random, so that servers learn to ignore what they do not know
    /// (RFC 8701).
    public var isGREASE: Bool { type.isGREASE }
  }

  /// All extensions in the client's order, unknown ones and GREASE included; empty without a ``message``.
  public var extensions: [Extension] { parts?.extensions ?? [] }

  /// The version in the old field, which fingerprints use; `nil` without a ``message``. The versions that the client
  /// offers are ``versions``.
  public var legacyVersion: TLSVersion? { (parts?.legacyVersion).map(TLSVersion.init(rawValue:)) }

  /// The compression methods, in the client's order; empty without a ``message``.
  public var compressionMethods: [UInt8] { Array(parts?.compressionMethods ?? []) }

  /// The formats of elliptic curve points, in the client's order (RFC 8422, section 5.1.2); empty if there is no such
  /// extension.
  public var pointFormats: [UInt8] {
    guard let contents = parts?.contents(of: 11), let count = contents.first, Int(count) == contents.count - 1 else {
      return []
    }
    return Array(contents.dropFirst())
  }

  /// The identifiers of sessions that the client offers, each of 32 bytes, for a store of the application: those in TLS
  /// 1.3, in its order, then the one of TLS 1.2. Most are none of this server: clients send random bytes in the old
  /// field, for middleboxes. Empty without a ``message``.
  ///
  /// Corresponds to `SSL_client_hello_get0_session_id(3)` and RFC 8446, section 4.2.11.
  public var sessionIdentifiers: [[UInt8]] {
    guard let parts else { return [] }
    let offered = Self.offeredIdentities(in: parts.contents(of: 41)) + [Array(parts.sessionIdentifier)]
    return offered.filter { $0.count == 32 }
  }

  /// The identities of a pre_shared_key extension (RFC 8446, section 4.2.11): each has the age of its ticket after it.
  private static func offeredIdentities(in contents: [UInt8]) -> [[UInt8]] {
    var rest = contents[...]
    guard var list = ClientHelloParts.field(&rest, lengthOf: 2) else { return [] }
    var identities: [[UInt8]] = []
    while !list.isEmpty {
      guard let identity = ClientHelloParts.field(&list, lengthOf: 2), list.count >= 4 else { return [] }
      list = list.dropFirst(4)
      identities.append(Array(identity))
    }
    return identities
  }

  private var parts: ClientHelloParts? { ClientHelloParts(message[...]) }
}

extension TLSEngine.ClientHello {
  /// The answer to a ClientHello; see ``TLSEngine/answer(_:)-(TLSEngine.ClientHello.Answer)``. Two answers are equal if
  /// they state the same; contexts are compared by identity.
  public struct Answer: Sendable, Equatable {
    package enum Kind: Sendable {
      case serve
      case serveWith(TLSContext)
      case refuse(TLSAlert)
    }

    package let kind: Kind
    /// A session of the application's store.
    package var storedSession: TLSServerSession?
    /// See ``accepting(_:)``.
    package private(set) var preSharedKeys: [TLSPreSharedKey] = []
    /// `nil` leaves it to the replay filter.
    package var acceptsEarlyData: Bool?

    /// Serves the client by the engine's own context.
    public static let serve = Answer(kind: .serve)

    /// Serves the client by another server context: its identities, versions, suites, groups, ALPN, and all that it
    /// requires of clients. Tickets are encrypted by the keys of the context that the engine was created with, and
    /// resume only the context that they were issued for.
    ///
    /// - Parameter context: a context of a server's configuration. The engine keeps it.
    /// - Returns: the answer.
    public static func serve(with context: TLSContext) -> Answer { Answer(kind: .serveWith(context)) }

    /// Refuses the client.
    ///
    /// - Parameter alert: the alert to the client. libssl sends `unrecognized_name`, `access_denied`,
    ///   `handshake_failure` and most others as they are; the rest is misuse.
    /// - Returns: the answer.
    public static func refuse(_ alert: TLSAlert) -> Answer { Answer(kind: .refuse(alert)) }

    /// Serves the client as this answer says, and lets it resume a session that the application's store has found under
    /// one of ``TLSEngine/ClientHello/sessionIdentifiers``. Whether it is resumed is
    /// ``TLSEngine/NegotiatedParameters/isResumed``: not if it has expired, or belongs to a context with other demands
    /// on its clients.
    ///
    /// - Parameter session: what the store has found; `nil` for nothing, which a full handshake follows.
    /// - Returns: the answer. It needs a context with
    ///   ``TLSContext/Configuration/Resumption/applicationStore(count:timing:lifetime:)``, and serves the client.
    public func resuming(_ session: TLSServerSession?) -> Answer {
      var answer = self
      answer.storedSession = session
      return answer
    }

    /// Returns the same answer with a pre-shared key for this connection, besides those of the context that serves. A
    /// client that shows its identity and proves the key is authenticated by it; to others the key is of no use.
    ///
    /// - Parameter key: the key of one of ``TLSEngine/ClientHello/preSharedKeyIdentities``. If the client shows
    ///   several, give the keys of all that it may use: the first that has one counts.
    /// - Returns: the answer. After ``refuse(_:)`` the key has no effect.
    public func accepting(_ key: TLSPreSharedKey) -> Answer {
      var answer = self
      answer.preSharedKeys.append(key)
      return answer
    }

    /// Returns whether two answers state the same.
    public static func == (left: Answer, right: Answer) -> Bool {
      if left.storedSession != right.storedSession { return false }
      if left.preSharedKeys != right.preSharedKeys { return false }
      guard left.acceptsEarlyData == right.acceptsEarlyData else { return false }
      return switch (left.kind, right.kind) {
      case (.serve, .serve): true
      case (.serveWith(let left), .serveWith(let right)): left === right
      case (.refuse(let left), .refuse(let right)): left == right
      default: false
      }
    }
  }
}

extension TLSEngine {
  /// Answers the question of a ClientHello and continues the handshake, with what was fed meanwhile.
  ///
  /// - Parameter answer: serve or refuse the client.
  /// - Throws: ``TLSError``: `.wrongAnswer` if the engine does not ask about a ClientHello, for an alert that libssl
  ///   cannot send as it is, or for a stored session where none is looked for; `.wrongRole` for a client's context;
  ///   `.invalidArgument` for one of another library or another kind of resumption; then what ends the connection.
  ///   After a misuse the question stands.
  public mutating func answer(_ answer: ClientHello.Answer) throws(TLSError) {
    try admit(.answer)
    guard case .clientHello? = question else { throw Self.otherQuestion }
    handle.answer(storedSession: try storedSession(of: answer))
    handle.answer(preSharedKeys: answer.preSharedKeys)
    handle.early?.answer = answer.acceptsEarlyData
    switch answer.kind {
    case .serve:
      if !handle.setGroups(of: context) || !handle.setRecords(of: context, replacing: TLSRecordPolicy()) {
        try refuseClientHello(
          because: TLSError(.openSSLFailure, .local, hint: "libssl does not accept the context's groups or records"))
      }
      handle.answerClientHello(.proceed)
    case .serveWith(let context):
      guard context.role == .server else {
        throw TLSError(.wrongRole, .misuse, hint: "a ClientHello is served by a context of the server's side")
      }
      // What libssl has fetched and drawn for the connection so far is of the first one's library.
      guard context.handle.library == self.context.handle.library else {
        throw TLSError(
          .invalidArgument, .misuse,
          hint:
            "a ClientHello is served by a context in the library that it was received in, \(self.context.handle.library)"
            + ", and not by one in \(context.handle.library)")
      }
      guard context.configuration.resumption.canServe(after: self.context.configuration.resumption) else {
        throw TLSError(
          .invalidArgument, .misuse,
          hint:
            "sessions are kept as the engine's own context says; serve the client by a context whose resumption is of the "
            + "same kind, or .off")
      }
      // libssl points into it from here on, also if it does not accept all of it.
      servingContext = context
      do throws(TLSError) { try handle.adopt(context, after: self.context) } catch {
        try refuseClientHello(because: error)
      }
      handle.answerClientHello(.proceed)
    case .refuse(let alert):
      guard alert.canRefuseClientHello else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "libssl does not send \(alert) as it is; unrecognized_name, access_denied or handshake_failure it does")
      }
      handle.answerClientHello(.reject(alert))
    }
    try resumeAfterAnswer()
  }

  /// The session of an answer, for libssl to find.
  private func storedSession(of answer: ClientHello.Answer) throws(TLSError) -> SessionObject? {
    guard let session = answer.storedSession else { return nil }
    if case .refuse = answer.kind {
      throw TLSError(.wrongAnswer, .misuse, hint: "a client that is refused resumes nothing")
    }
    guard context.configuration.resumption.place == .applicationStore else {
      throw TLSError(
        .wrongAnswer, .misuse, hint: "the context's resumption is not .applicationStore(): libssl looks for no session")
    }
    return try SessionObject(decoding: session.encoding)
  }

  /// Ends the connection for a local reason with the alert internal_error.
  private mutating func refuseClientHello(because error: TLSError) throws(TLSError) {
    handle.answerClientHello(.reject(.internalError))
    _ = handle.handshake()
    fail(
      TLSError(
        error.code, error.blame, hint: error.hint, alertSent: handle.alertSent, openSSLErrors: error.openSSLErrors))
    try throwFailure()
  }
}
