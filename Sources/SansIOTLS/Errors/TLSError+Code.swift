extension TLSError.Code {
  // MARK: The connection

  /// The peer's certificate was not accepted; see `verification`.
  public static let certificateRejected = Self("certificateRejected")
  /// The peer's certificate has been revoked, by a CRL or by its OCSP staple; see `verification`.
  public static let certificateRevoked = Self("certificateRevoked")
  /// There is no CRL of an issuer in the peer's chain, and the configuration requires one.
  public static let revocationListMissing = Self("revocationListMissing")
  /// The CRL of an issuer in the peer's chain has expired.
  public static let revocationListExpired = Self("revocationListExpired")
  /// The CRL of an issuer in the peer's chain is not valid yet.
  public static let revocationListNotYetValid = Self("revocationListNotYetValid")
  /// The CRL of an issuer in the peer's chain is not signed by that issuer, or malformed.
  public static let revocationListRefused = Self("revocationListRefused")
  /// None of the keys in the peer's chain is pinned.
  public static let pinMismatch = Self("pinMismatch")
  /// The server sent no OCSP staple, and the configuration or its certificate (must-staple) requires one.
  public static let stapleMissing = Self("stapleMissing")
  /// The OCSP staple is no successful response, or has no dates that can be read.
  public static let stapleMalformed = Self("stapleMalformed")
  /// The OCSP staple states nothing about the server's certificate.
  public static let stapleOfAnotherCertificate = Self("stapleOfAnotherCertificate")
  /// The OCSP staple is not signed by the certificate's issuer or a responder that the issuer authorised.
  public static let stapleUntrusted = Self("stapleUntrusted")
  /// The OCSP staple has expired.
  public static let stapleExpired = Self("stapleExpired")
  /// The OCSP staple is not valid yet.
  public static let stapleNotYetValid = Self("stapleNotYetValid")
  /// The OCSP responder does not know the server's certificate.
  public static let certificateStatusUnknown = Self("certificateStatusUnknown")
  /// The transport ended without close_notify; see `isMidRecord`.
  public static let truncated = Self("truncated")
  /// The first bytes are not TLS; `hint` says what they look like.
  public static let notTLS = Self("notTLS")
  /// The peer ended the connection by the alert in `alertReceived`.
  public static let alertReceived = Self("alertReceived")
  /// The two sides have no version, suite, group, signature algorithm or application protocol in common.
  public static let peerIncompatible = Self("peerIncompatible")
  /// The peer broke the protocol; `alertSent` says how, if libssl sent an alert.
  public static let protocolViolation = Self("protocolViolation")
  /// The peer went past a bound of ``TLSEngine/Limits``, or of the early data that a server accepts. Unless libssl
  /// found it, as with early data, no alert is sent.
  public static let limitExceeded = Self("limitExceeded")
  /// The server continued by certificates and not by the client's pre-shared key, which the client demands.
  public static let preSharedKeyIgnored = Self("preSharedKeyIgnored")
  /// The two sides have different pre-shared keys of one identity.
  public static let wrongPreSharedKey = Self("wrongPreSharedKey")
  /// The server has no pre-shared key of the identity that the client shows.
  public static let unknownPreSharedKey = Self("unknownPreSharedKey")
  /// The client shows no pre-shared key, and the server has no certificate.
  public static let missingPreSharedKey = Self("missingPreSharedKey")
  /// The client has sent early data, and the server does not use TLS 1.3 any more: connect again without the session.
  public static let earlyDataNotUnderstood = Self("earlyDataNotUnderstood")
  /// The application answered a question by `.refuse` or `.distrust`.
  public static let rejected = Self("rejected")
  /// The signer of this side's identity threw; `hint` holds its error's description. See ``TLSSigner``.
  public static let signerFailed = Self("signerFailed")
  /// The signer of this side's identity returned bytes that are not a signature by the certificate's key. See
  /// ``TLSSigner``.
  public static let invalidSignature = Self("invalidSignature")
  /// libssl failed for a reason of its own; see `openSSLErrors`.
  public static let openSSLFailure = Self("openSSLFailure")

  // MARK: Calls

  /// `write` or `keyUpdate` after `closeWriting()`.
  public static let closed = Self("closed")
  /// A call after `closeWriting()` during the handshake.
  public static let abandoned = Self("abandoned")
  /// The call needs a finished handshake.
  public static let handshakeNotComplete = Self("handshakeNotComplete")
  /// `requestClientCertificate` before the client has answered the previous request.
  public static let requestPending = Self("requestPending")
  /// `feed` after `feedEOF`.
  public static let inputAfterEOF = Self("inputAfterEOF")
  /// `answer` without a question, or an answer to another question.
  public static let wrongAnswer = Self("wrongAnswer")
  /// An argument out of its range.
  public static let invalidArgument = Self("invalidArgument")
  /// A server name that cannot be one.
  public static let invalidServerName = Self("invalidServerName")
  /// Bytes that are not a saved session, or a damaged one.
  public static let invalidSession = Self("invalidSession")
  /// An engine and a context of different roles.
  public static let wrongRole = Self("wrongRole")
  /// A feature that this libssl, or this version of TLS, does not offer.
  public static let unsupported = Self("unsupported")

  // MARK: Configuration

  /// A server is to accept early data, and nothing decides what is a replay.
  public static let missingReplayProtection = Self("missingReplayProtection")
  /// Bytes or a file that hold no certificate.
  public static let invalidCertificate = Self("invalidCertificate")
  /// Bytes or a file that hold no private key.
  public static let invalidPrivateKey = Self("invalidPrivateKey")
  /// Bytes or a file that hold no CRL.
  public static let invalidRevocationList = Self("invalidRevocationList")
  /// Bytes that are no successful OCSP response.
  public static let invalidStaple = Self("invalidStaple")
  /// Bytes that are not a PKCS#12 bundle, or one without certificate and key, or with several keys.
  public static let invalidPKCS12 = Self("invalidPKCS12")
  /// A URI that leads to no private key, or that its loader cannot open.
  public static let keyNotFound = Self("keyNotFound")
  /// An encrypted key, and no passphrase was given.
  public static let missingPassphrase = Self("missingPassphrase")
  /// The passphrase does not open the key or bundle.
  public static let wrongPassphrase = Self("wrongPassphrase")
  /// A key or bundle that is encrypted with what libcrypto's providers lack; `hint` names it. The passphrase may be
  /// right.
  public static let unsupportedEncryption = Self("unsupportedEncryption")
  /// A passphrase longer than libcrypto accepts (1,024 bytes).
  public static let passphraseTooLong = Self("passphraseTooLong")
  /// A private key that is not the certificate's.
  public static let keyDoesNotMatchCertificate = Self("keyDoesNotMatchCertificate")
  /// libssl refuses the certificate or key, for example as too weak for the security level.
  public static let identityRefused = Self("identityRefused")
  /// An identity whose key the peer's request for a certificate does not allow; `hint` says why.
  public static let unsuitableIdentity = Self("unsuitableIdentity")
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
  public static let unknownSignatureScheme = Self("unknownSignatureScheme")
  /// An application protocol that is empty or longer than 255 bytes, or a list over 65,535 bytes.
  public static let invalidApplicationProtocol = Self("invalidApplicationProtocol")
  /// A text with a NUL for a setting that libssl or libcrypto reads as C text, dropping what follows the NUL; `hint`
  /// names the setting.
  public static let containsNUL = Self("containsNUL")
  /// A pre-shared key that cannot be used: its length, its identity, or two of one identity.
  public static let invalidPreSharedKey = Self("invalidPreSharedKey")
  /// Bytes that are not a public key.
  public static let invalidPublicKey = Self("invalidPublicKey")
  /// A provider of libcrypto that cannot be loaded.
  public static let unknownProvider = Self("unknownProvider")
  /// A text that is no property query.
  public static let invalidPropertyQuery = Self("invalidPropertyQuery")
  /// A property query that no provider of the library satisfies.
  public static let unsatisfiedPropertyQuery = Self("unsatisfiedPropertyQuery")
  /// Providers that have not all that TLS needs.
  public static let insufficientProviders = Self("insufficientProviders")
  /// An openssl.cnf that is malformed, or that would have an effect on other libraries, or none.
  public static let invalidLibraryConfiguration = Self("invalidLibraryConfiguration")
  /// A setting that the system's policy, openssl.cnf, does not allow; `hint` names both.
  public static let forbiddenByPolicy = Self("forbiddenByPolicy")
  /// A security level, depth or count out of its range.
  public static let invalidConfiguration = Self("invalidConfiguration")
}
