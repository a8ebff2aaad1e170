/// A private key held elsewhere: in an agent, a key management service, the library of a token.
///
/// The key itself never enters this process. Each full handshake in which the identity is presented calls the signer
/// once, with a value, and continues with the value that it returns. A resumption signs nothing.
///
/// ```
/// let identity = try TLSIdentity(certificates: chain, signer: TLSSigner { request in try agent.sign(request) })
/// ```
///
/// **Time.** The signer is called synchronously from inside of libssl, on the thread that is in the engine: `feed`,
/// `handshake` or the first `write` returns after it. While it waits, that thread serves no other connection, and the
/// deadline of a stream is noticed after it returned. A signer has to limit its own time, and throw.
///
/// **Threads.** Connections on several threads call it at once.
///
/// **Failure.** If it throws, the handshake ends with ``TLSError/Code/signerFailed`` and the peer receives the alert
/// internal_error. The signature is verified by the certificate's public key before it leaves; one that does not verify
/// ends the handshake with ``TLSError/Code/invalidSignature``. Neither is repeated: libssl cannot ask again.
///
/// **Limits.** It must not call the engine or the stream that it signs for. It may use OpenSSL, and engines of its own.
/// RSA keys sign and do not decrypt, so that a server whose identity has an RSA key and a signer negotiates no suite
/// with RSA key exchange (`AES128-SHA` and the like).
///
/// It is an object, so that identities can be compared: two of them are equal if certificates and signer are the same.
public final class TLSSigner: Sendable {
  private let operation: @Sendable (_ request: TLSSignatureRequest) throws -> [UInt8]

  /// Creates a signer.
  ///
  /// - Parameter sign: returns the signature: of ECDSA in DER (`ECDSA-Sig-Value`, RFC 3279), of RSA with as many bytes
  ///   as the modulus (of PSS with a salt as long as the hash), of Ed25519 64 bytes. If it throws, the description of
  ///   the error, 200 bytes at most, becomes part of ``TLSError/hint``: it must hold nothing secret.
  public init(_ sign: @escaping @Sendable (_ request: TLSSignatureRequest) throws -> [UInt8]) { operation = sign }

  /// Signs, as libssl would have it done: for tests, and for signers that pass on to another.
  ///
  /// - Parameter request: the scheme, and the bytes to sign.
  /// - Returns: the signature, not verified.
  /// - Throws: the error of the function that the signer was created with.
  public func sign(_ request: TLSSignatureRequest) throws -> [UInt8] { try operation(request) }
}

extension TLSSigner: Hashable {
  /// Returns whether two references are to the same object.
  public static func == (left: TLSSigner, right: TLSSigner) -> Bool { left === right }

  /// Hashes the identity of the object.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension TLSIdentity {
  /// Creates an identity whose private key is held elsewhere.
  ///
  /// - Parameters:
  ///   - certificates: the chain, leaf first. The leaf's key is RSA, ECDSA, Ed25519 or Ed448.
  ///   - signer: signs by the private key of the leaf. It is kept as long as the identity and the contexts and
  ///     connections with it.
  /// - Throws: ``TLSError`` with code `.invalidCertificate` if there is no certificate or its key cannot be read,
  ///   `.unsupported` if the key is of another type.
  ///
  /// Corresponds to a provider in the sense of `provider-keymgmt(7)` and `provider-signature(7)`, built in.
  public init(certificates: [TLSCertificate], signer: TLSSigner) throws(TLSError) {
    guard let leaf = certificates.first else {
      throw TLSError(.invalidCertificate, .local, hint: "the chain holds no certificate")
    }
    self.init(chain: certificates, key: try PrivateKey.held(by: signer, for: leaf))
  }
}
