extension TLSContext {
  /// Everything that connections share, as a value with safe defaults: TLS 1.2 or later as the system's own policy
  /// allows, peers verified, renegotiation and compression off. It is checked when a ``TLSContext`` is made from it.
  public struct Configuration: Sendable {
    /// Whether a server asks clients for a certificate.
    public enum ClientAuthentication: Sendable, Hashable {
      /// Clients are not asked.
      case none
      /// Clients are asked; one that sends none is served, one that sends a bad one is refused.
      case requested
      /// Clients without an acceptable certificate are refused.
      case required
    }

    /// Whether a peer's chain is checked.
    public enum PeerVerification: Sendable, Hashable {
      /// It must end at the trust, be in date, and serve the purpose.
      case chain
      /// Nothing is checked: anybody on the way can read and change everything. For tests.
      case none
    }

    /// What a server does when it knows none of the application protocols that a client offers.
    public enum ApplicationProtocolMismatch: Sendable, Hashable {
      /// Refuse by the alert no_application_protocol, as RFC 7301 says.
      case refuse
      /// Go on without one.
      case proceed
    }

    /// Which end this is.
    public let role: TLSRole

    /// The oldest version allowed; `nil` means TLS 1.2, or what the system's policy (openssl.cnf) demands beyond it.
    /// Corresponds to `SSL_CTX_set_min_proto_version(3)`.
    public var minimumVersion: TLSVersion?
    /// The newest version allowed; `nil` means TLS 1.3, or what the system's policy allows short of it.
    public var maximumVersion: TLSVersion?
    /// TLS 1.2 suites in the syntax of `openssl-ciphers(1)`; `nil` means libssl's, which the system's policy may set. What
    /// libssl would pass over is refused; ciphers that it has no more may be excluded. A server that names its suites here also
    /// negotiates those with DHE, by parameters that libssl chooses by key and security level; without a list it does not.
    /// Suites without a certificate (`aNULL`) or without encryption (`eNULL`) are never used, whatever the list or the policy says.
    /// Corresponds to `SSL_CTX_set_cipher_list(3)` and `SSL_CTX_set_dh_auto(3)`.
    public var cipherList: String?
    /// TLS 1.3 suites by name, preferred first; `nil` means libssl's. Corresponds to `SSL_CTX_set_ciphersuites(3)`.
    public var cipherSuites: [String]?
    /// Key-exchange groups by name, preferred first, for example `["X25519", "P-256"]`; `nil` means libssl's.
    /// Corresponds to `SSL_CTX_set1_groups_list(3)`.
    public var groups: [String]?
    /// Signature algorithms by name, preferred first, for example `["ECDSA+SHA256"]`; `nil` means libssl's.
    /// Corresponds to `SSL_CTX_set1_sigalgs_list(3)`.
    public var signatureAlgorithms: [String]?
    /// Application protocols (ALPN), preferred first, each 1 to 255 bytes; a server picks by its own order, and a client
    /// takes no other than it offers. Corresponds to `SSL_CTX_set_alpn_protos(3)`.
    public var applicationProtocols: [String] = []
    /// What a server does when no application protocol is known to both.
    public var applicationProtocolMismatch: ApplicationProtocolMismatch = .refuse
    /// Where a peer's chain may end. A client's default is the system's store.
    public var trust: [TLSTrustRoots]
    /// Whether a peer's chain is checked at all.
    public var peerVerification: PeerVerification = .chain
    /// The time that certificates are checked against, in seconds since 1970; `nil` means libcrypto's clock.
    /// Corresponds to `X509_VERIFY_PARAM_set_time(3)`.
    public var verificationTime: Int64?
    /// Intermediate certificates allowed between leaf and authority, 0 to 100; `nil` means libssl's 100.
    /// Corresponds to `SSL_CTX_set_verify_depth(3)`.
    public var verificationDepth: Int?
    /// Whether a chain may end at any certificate of ``trust``: an intermediate, or the peer's own. By default it must lead
    /// to a self-signed one there. Corresponds to `X509_V_FLAG_PARTIAL_CHAIN`, `X509_VERIFY_PARAM_set_flags(3)`.
    public var acceptsPartialChains = false
    /// Whether a certificate may be used for whatever purpose; by default its extended key usage must fit its side.
    /// Corresponds to `X509_VERIFY_PARAM_set_purpose(3)`.
    public var acceptsAnyPurpose = false
    /// Who this side is: several identities must differ in key type, and the peer's abilities choose.
    public var identities: [TLSIdentity]
    /// Whether a server asks for client certificates.
    public var clientAuthentication: ClientAuthentication = .none
    /// The authorities whose names a server tells with its request; `nil` means those of `trust` that are given as
    /// certificates, files, PEM or DER. They may take about 65,000 bytes. Corresponds to `SSL_CTX_add_client_CA(3)`.
    public var clientAuthorities: [TLSCertificate]?
    /// Takes each line of the NSS key log format, without newline, on the thread that is in the engine. Whoever has the
    /// lines can read the connection. It must not call the engine. Corresponds to `SSL_CTX_set_keylog_callback(3)`.
    public var keyLog: (@Sendable (_ line: String) -> Void)?
    /// libssl's security level, 0 to 5; `nil` means the system's. Corresponds to `SSL_CTX_set_security_level(3)`.
    public var securityLevel: Int?
    /// Session tickets that a TLS 1.3 server sends after a full handshake, 0 to 16. One is enough for most. With 0 there are
    /// none in TLS 1.2 either, where a server sends one at most. Corresponds to `SSL_CTX_set_num_tickets(3)` and
    /// `SSL_OP_NO_TICKET`.
    public var sessionTickets = 1
    /// A server stops at each ClientHello and asks which context serves it.
    public var pausesAtClientHello = false
    /// A client stops at the server's certificate and asks whether it is acceptable.
    public var pausesAtPeerCertificates = false
    /// Engines keep what passes through them, without contents, for ``TLSEngine/nextTracedMessage()``. For tests and
    /// diagnosis; without it nothing is spent. Corresponds to `SSL_CTX_set_msg_callback(3)`.
    public var tracesMessages = false
    /// libssl frees its record buffers whenever they are empty: about 33 KB less for each idle connection, 12 % more
    /// instructions for small messages. Corresponds to `SSL_MODE_RELEASE_BUFFERS`.
    public var releasesBuffers = false

    private init(role: TLSRole, trust: [TLSTrustRoots], identities: [TLSIdentity]) {
      self.role = role
      self.trust = trust
      self.identities = identities
    }

    /// A client that trusts the system's authorities and shows no certificate.
    ///
    /// - Returns: the configuration.
    public static func client() -> Configuration { Configuration(role: .client, trust: [.system], identities: []) }

    /// A server that asks for no client certificates.
    ///
    /// - Parameter identities: at least one by the time the context is made.
    /// - Returns: the configuration.
    public static func server(_ identities: TLSIdentity...) -> Configuration {
      Configuration(role: .server, trust: [], identities: identities)
    }

    /// Whether the peer's certificate is looked at.
    var verifiesPeer: Bool {
      peerVerification == .chain && (role == .client || clientAuthentication != .none)
    }

    /// What a handshake must prove of the peer.
    var peerDemand: PeerProof.Demand {
      switch (role, clientAuthentication) {
      case (.client, _): peerVerification == .chain || pausesAtPeerCertificates ? .always : .none
      case (.server, .none): .none
      case (.server, .requested): .whereShown
      case (.server, .required): .always
      }
    }

    /// The groups one by one: an element may hold several, with colons between and white space around, as libssl reads it.
    var groupNames: [String]? {
      groups?.flatMap { element in
        element.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { name in
          let trimmed = name.drop(while: Self.isSpace).reversed().drop(while: Self.isSpace).reversed()
          return String(decoding: Array(trimmed), as: UTF8.self)
        }
      }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// Whether an application protocol of this name is among those that a client offers. Names are compared as bytes.
    func offers(_ name: [UInt8]) -> Bool { applicationProtocols.contains { $0.utf8.elementsEqual(name) } }
  }

}
