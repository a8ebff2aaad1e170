extension TLSContext {
  /// Everything that connections share, as a value with safe defaults: TLS 1.2 or later as the system's own policy
  /// allows, peers verified, renegotiation and compression off. It is checked when a ``TLSContext`` is created from it.
  ///
  /// Configurations can be compared, and be the keys of a dictionary of contexts: certificates and keys count by their
  /// contents, files by their paths, a ``keyLog`` by its identity.
  public struct Configuration: Sendable, Hashable {
    /// Whether a server asks clients for a certificate.
    #if hasAttribute(nonexhaustive)
      @nonexhaustive
    #endif
    public enum ClientAuthentication: Sendable, Hashable {
      /// Clients are not asked.
      case none
      /// Clients are asked when the server calls ``TLSEngine/requestClientCertificate(isRequired:)``, after the
      /// handshake. TLS 1.3 alone has such a request.
      case onRequest
      /// Clients are asked; one that sends none is served, one that sends a bad one is refused.
      case requested
      /// Clients without an acceptable certificate are refused.
      case required
    }

    /// Whether a peer's chain is checked.
    #if hasAttribute(nonexhaustive)
      @nonexhaustive
    #endif
    public enum PeerVerification: Sendable, Hashable {
      /// The chain must lead to a trusted root, be in date, and have a fitting extended key usage.
      case chain
      /// Nothing is checked: anyone on the network path can read and change everything. For tests.
      case none
    }

    /// The reaction of a server that supports none of the application protocols that a client offers.
    #if hasAttribute(nonexhaustive)
      @nonexhaustive
    #endif
    public enum ApplicationProtocolMismatch: Sendable, Hashable {
      /// Refuse by the alert no_application_protocol, as RFC 7301 says.
      case refuse
      /// Continue without one.
      case proceed
    }

    /// The reaction of a server to a client that names a server which none of its certificates is for.
    #if hasAttribute(nonexhaustive)
      @nonexhaustive
    #endif
    public enum ServerNameMismatch: Sendable, Hashable {
      /// Continue; the client finds the certificate unfit.
      case proceed
      /// Refuse by the alert unrecognized_name (RFC 6066, section 3), also where a session would be resumed and no
      /// certificate be sent. A client that names no server is served.
      case refuse
    }

    /// The role of the connections.
    public let role: TLSRole

    /// The library context that everything of the connections comes from: their algorithms, keys and random numbers.
    /// Identities and certificates may come from another; they are decoded again, except for keys that cannot leave
    /// theirs. Corresponds to `SSL_CTX_new_ex(3)`.
    public var library = TLSLibraryContext.default

    /// The oldest version allowed; `nil` means TLS 1.2, or what the system's policy (openssl.cnf) demands beyond it.
    /// Corresponds to `SSL_CTX_set_min_proto_version(3)`.
    public var minimumVersion: TLSVersion?
    /// The newest version allowed; `nil` means TLS 1.3, or what the system's policy allows short of it.
    public var maximumVersion: TLSVersion?
    /// TLS 1.2 suites in the syntax of `openssl-ciphers(1)`; `nil` means libssl's, which the system's policy may set.
    /// What libssl would ignore is refused; ciphers that it no longer has may be excluded. A server that names its
    /// suites here also negotiates those with DHE, with parameters that libssl chooses by key and security level;
    /// without a list it does not. Suites without a certificate (`aNULL`) or without encryption (`eNULL`) are never
    /// used, whatever the list or the policy says. Corresponds to `SSL_CTX_set_cipher_list(3)` and
    /// `SSL_CTX_set_dh_auto(3)`.
    public var cipherList: String?
    /// The suites of TLS 1.3, preferred first; `nil` means libssl's. Those of TLS 1.2 are set by ``cipherList``.
    /// Corresponds to `SSL_CTX_set_ciphersuites(3)`.
    public var cipherSuites: [TLSCipherSuite]?
    /// The key-exchange groups, preferred first, for example `[.x25519, .secp256r1]`; `nil` means libssl's. Corresponds
    /// to `SSL_CTX_set1_groups_list(3)`.
    public var groups: [TLSGroup]?
    /// The signature schemes, preferred first, for example `[.ecdsa_secp256r1_sha256]`; `nil` means libssl's.
    /// Corresponds to `SSL_CTX_set1_sigalgs_list(3)`.
    public var signatureSchemes: [TLSSignatureScheme]?
    /// Application protocols (ALPN), preferred first, each 1 to 255 bytes; a server selects by its own order, and a
    /// client accepts none that it does not offer. Corresponds to `SSL_CTX_set_alpn_protos(3)`.
    public var applicationProtocols: [String] = []
    /// The reaction of a server if no application protocol is common to both sides.
    public var applicationProtocolMismatch: ApplicationProtocolMismatch = .refuse
    /// The reaction of a server to a client that names a server (SNI) which none of ``identities`` is for. With
    /// `.refuse` and ``applicationProtocols`` a client cannot be led to a service that it did not mean (ALPACA).
    /// Corresponds to `SSL_CTX_set_tlsext_servername_callback(3)`.
    public var serverNameMismatch: ServerNameMismatch = .proceed
    /// The certificates that a peer's chain may end at. A client's default is the system's store.
    public var trustRoots: [TLSTrustRoots]
    /// Whether a peer's chain is checked at all.
    public var peerVerification: PeerVerification = .chain
    /// The time that certificates are checked against, in seconds since 1970, in the years 1900 to 9999; `nil` means
    /// libcrypto's clock. For tests and for records of the past: it stands still, so that a server's
    /// ``earlyDataReplayFilter`` forgets nothing, and with ``TLSTicketKeys`` admits nothing. Corresponds to
    /// `X509_VERIFY_PARAM_set_time(3)`.
    public var verificationTime: Int64?
    /// Intermediate certificates allowed between leaf and authority, 0 to 100; `nil` means libssl's 100.
    /// Corresponds to `SSL_CTX_set_verify_depth(3)`.
    public var verificationDepth: Int?
    /// Whether a chain may end at any certificate of ``trustRoots``: an intermediate, or the peer's own. By default it
    /// must lead to a self-signed one there. Corresponds to `X509_V_FLAG_PARTIAL_CHAIN`,
    /// `X509_VERIFY_PARAM_set_flags(3)`.
    public var acceptsPartialChains = false
    /// The public keys that a peer may prove instead of a certificate (raw public keys, RFC 7250), each in the form
    /// SubjectPublicKeyInfo in DER. A key says nothing about names, dates or authorities: any holder of its private key
    /// is accepted, for every server name. A peer that presents a certificate is verified by ``trustRoots``; without
    /// any, only raw public keys are accepted. Such connections are not resumed by a client. From libssl 3.2 on.
    /// Corresponds to `SSL_CTX_set1_server_cert_type(3)` and `SSL_CTX_set1_client_cert_type(3)`.
    public var acceptedPublicKeys: [[UInt8]] = []
    /// Whether the public key of an identity is presented without its certificate (RFC 7250) to a peer that accepts
    /// that; to others, the certificate is. From libssl 3.2 on.
    public var presentsRawPublicKey = false
    /// Whether a peer's chain must keep the rules of RFC 5280 that libcrypto does not check by default, such as key
    /// identifiers, critical basic constraints and no version 1. Authorities of many private PKIs do not. Corresponds
    /// to `X509_V_FLAG_X509_STRICT`, `X509_VERIFY_PARAM_set_flags(3)`.
    public var checksStrictly = false
    /// The keys of which a peer's verified chain must contain one at least: its own, an intermediate's, or the
    /// authority's. Empty: none is pinned. A peer that changes its key is then out of reach, so pin a key in reserve
    /// too; a single pin is warned of. A mismatch is ``TLSError/Code/pinMismatch`` with the alert certificate_unknown.
    public var pinnedKeys: Set<TLSPublicKeyPin> = []
    /// The CRLs that a peer's certificates are checked against; `nil` for none. They are part of the context: an
    /// application that gets new ones makes a new context, which ``TLSContextHolder`` exchanges.
    public var revocation: TLSRevocationLists?
    /// Whether a client asks the server for an OCSP staple, and requires one.
    public var stapling = TLSStapling.off
    /// Whether a client asks the server for signed certificate timestamps, and keeps all that it is sent for
    /// ``TLSEngine/peerCertificateTimestamps``. They have no effect on the handshake. libssl asks for them together
    /// with a staple, so that ``stapling`` must not be off. Corresponds to `SSL_CTX_set_ct_validation_callback(3)`.
    public var collectsCertificateTimestamps = false
    /// Whether the extended key usage of a peer's certificate must allow its role: server authentication for a server,
    /// client authentication for a client. Corresponds to `X509_VERIFY_PARAM_set_purpose(3)`.
    public var checksExtendedKeyUsage = true
    /// The local certificates and keys. The one that is used depends on what the peer supports. A client has one at
    /// most for each type of key. Of a server's, those that are valid for the requested server name come first, in
    /// their order; without a name, or with one that none is valid for, the first of each type is the default.
    public var identities: [TLSIdentity]
    /// The pre-shared keys, by which both sides prove themselves without certificates. A client has one at most, and
    /// offers only what connections by it can use: in TLS 1.3 suites of the key's hash, in TLS 1.2 suites for
    /// pre-shared keys with forward secrecy. It must be that key: see ``acceptsCertificateWithoutPreSharedKey``. A
    /// server has any number, no two of one identity, and may get others by answers
    /// (``TLSEngine/ClientHello/Answer/accepting(_:)``). Without ``identities`` it serves no other client; with some, a
    /// client that shows no known identity is served as its other settings say.
    ///
    /// A client with a pre-shared key counts as authenticated where ``clientAuthentication`` is `.required`.
    /// Corresponds to `SSL_CTX_set_psk_use_session_callback(3)` and `SSL_CTX_set_psk_find_session_callback(3)`, in
    /// TLS 1.2 to `SSL_CTX_set_psk_client_callback(3)` and `SSL_CTX_set_psk_server_callback(3)`.
    public var preSharedKeys: [TLSPreSharedKey] = []
    /// Whether a client with a pre-shared key accepts a server that does not use it, and proves itself by its
    /// certificate. By default it refuses such a server, also where libssl would continue: another server could answer
    /// by a certificate for the name.
    public var acceptsCertificateWithoutPreSharedKey = false
    /// Whether a server requests client certificates.
    public var clientAuthentication: ClientAuthentication = .none
    /// The authorities whose names a server sends with its request; `nil` means those of ``trustRoots`` that are given
    /// as certificates, files, PEM or DER. Their names may have about 65,000 bytes. Corresponds to
    /// `SSL_CTX_add_client_CA(3)`.
    public var clientAuthorities: [TLSCertificate]?
    /// The receiver of the secrets of connections; `nil` for none.
    public var keyLog: TLSKeyLog?
    /// libssl's security level, 0 to 5; `nil` means the system's. Corresponds to `SSL_CTX_set_security_level(3)`.
    public var securityLevel: Int?
    /// Whether a server lets clients resume sessions, and by which means. A client resumes the session that its
    /// engine is created with. Corresponds to `SSL_CTX_set_num_tickets(3)` and `SSL_OP_NO_TICKET`.
    public var resumption = Resumption.tickets(count: 1)
    /// The early data (0-RTT) that a server accepts with a session, in bytes of plaintext, 0 to 16,777,216; 0 accepts
    /// none. **Anyone who has seen a client's early data can send it again, to this server or to another one with the
    /// same ticket keys**: accept it only for requests that do no harm when they are executed twice, and read it by
    /// ``TLSEngine/readEarly(into:)-(OutputRawSpan)``, which keeps it apart. A server must know what it has accepted:
    /// by ``earlyDataReplayFilter``, or by ``pausesAtClientHello`` and a store of its own.
    ///
    /// Each connection may keep so much until the application reads it. Clients learn it from the tickets; a server
    /// that lowers it rejects the early data of older ones, and discards as much of it as
    /// ``TLSEngine/Limits-swift.struct/handshakeInputByteCount`` admits. Of the context that asks about the ClientHello
    /// and the one that serves, the lesser counts. Corresponds to `SSL_CTX_set_max_early_data(3)` and
    /// `SSL_CTX_set_recv_max_early_data(3)`.
    public var maximumEarlyDataByteCount = 0
    /// The memory of the early data that this process's servers have accepted; `nil` if the answers to the ClientHello
    /// decide. Corresponds to `SSL_CTX_set_allow_early_data_cb(3)`.
    public var earlyDataReplayFilter: TLSReplayFilter?
    /// The name of the contexts that resume each other's sessions, in this process and in others: 1 to 255 bytes of the
    /// application's choice. `nil`: on a server with ``TLSTicketKeys`` those that share them, otherwise this context
    /// alone.
    ///
    /// A server resumes only what it would accept in a full handshake: contexts of one domain that differ in trust
    /// roots, client authentication or verification do not resume each other's sessions. A client's domain states that
    /// its contexts ask the same application: a context with ``pausesAtPeerCertificates`` accepts a session that
    /// another one of the domain was answered for. Corresponds to `SSL_CTX_set_session_id_context(3)`.
    public var sessionDomain: String?
    /// Whether a server stops at each ClientHello and asks which context serves it. See ``TLSEngine/Question``.
    public var pausesAtClientHello = false
    /// Whether a client stops at the server's certificates, or a server that requests certificates at a client's, and
    /// asks whether they are acceptable. A server asks in resumptions too, and sends no session ticket before the
    /// answer. See ``TLSEngine/Question``.
    public var pausesAtPeerCertificates = false
    /// Whether a client stops at a server's request for a certificate and asks which identity it presents, if any. In
    /// TLS 1.3 the client then also offers to be asked after the handshake. See ``TLSEngine/Question``. Corresponds to
    /// `SSL_CTX_set_cert_cb(3)` and `SSL_CTX_set_post_handshake_auth(3)`.
    public var pausesAtCertificateRequest = false
    /// Whether a client offers to present a certificate when the server asks for one after the handshake (TLS 1.3): the
    /// first of ``identities`` that the server can verify, or none. With ``pausesAtCertificateRequest`` it always does,
    /// and asks. A server cannot ask a client that does not offer it. Corresponds to
    /// `SSL_CTX_set_post_handshake_auth(3)`.
    public var offersPostHandshakeAuthentication = false
    /// The sizes of the records that are sent, and their padding.
    public var records = TLSRecordPolicy()
    /// Whether a server lets its clients renegotiate in TLS 1.2, as often as
    /// ``TLSEngine/Limits-swift.struct/renegotiationCount`` allows. Off unless an old client depends on it: TLS 1.3 has
    /// no renegotiation. It cannot be combined with ``pausesAtPeerCertificates``. Corresponds to
    /// `SSL_OP_ALLOW_CLIENT_RENEGOTIATION`, `SSL_CTX_set_options(3)`.
    public var acceptsRenegotiation = false
    /// Whether engines trace records and messages, without contents, for ``TLSEngine/nextTracedMessage()``. For tests
    /// and diagnosis; without it there is no cost. Corresponds to `SSL_CTX_set_msg_callback(3)`.
    public var tracesMessages = false
    /// Whether libssl frees its record buffers when they are empty: about 33 KB less for each idle connection, 12 %
    /// more instructions for small messages. Corresponds to `SSL_MODE_RELEASE_BUFFERS`.
    public var releasesBuffers = false

    private init(role: TLSRole, trustRoots: [TLSTrustRoots], identities: [TLSIdentity]) {
      self.role = role
      self.trustRoots = trustRoots
      self.identities = identities
    }

    /// Returns the configuration of a client that trusts the system's authorities and presents no certificate.
    ///
    /// - Returns: the configuration.
    public static func client() -> Configuration { Configuration(role: .client, trustRoots: [.system], identities: []) }

    /// Returns the configuration of a server that requests no client certificates.
    ///
    /// - Parameter identities: at least one by the time the context is created.
    /// - Returns: the configuration.
    public static func server(_ identities: TLSIdentity...) -> Configuration { server(identities) }

    /// Returns the configuration of a server that requests no client certificates.
    ///
    /// - Parameter identities: at least one by the time the context is created.
    /// - Returns: the configuration.
    public static func server(_ identities: [TLSIdentity]) -> Configuration {
      Configuration(role: .server, trustRoots: [], identities: identities)
    }

    /// Whether the peer's certificate is looked at.
    var verifiesPeer: Bool {
      peerVerification == .chain && !demandsPreSharedKey && (role == .client || clientAuthentication != .none)
    }

    /// Whether a client accepts no certificate in place of its pre-shared key.
    var demandsPreSharedKey: Bool {
      role == .client && !preSharedKeys.isEmpty && !acceptsCertificateWithoutPreSharedKey
    }

    /// The proof that a handshake must have of the peer.
    var peerDemand: PeerProof.Demand {
      switch (role, clientAuthentication) {
      case (.client, _) where demandsPreSharedKey: .preSharedKey
      case (.client, _): peerVerification == .chain || pausesAtPeerCertificates ? .always : .none
      case (.server, .none): .none
      case (.server, .requested), (.server, .onRequest): .whereShown
      case (.server, .required): .always
      }
    }

    /// Whether an application protocol of this name is among those that a client offers. Names are compared as bytes.
    func offers(_ name: [UInt8]) -> Bool { applicationProtocols.contains { $0.utf8.elementsEqual(name) } }
  }
}
