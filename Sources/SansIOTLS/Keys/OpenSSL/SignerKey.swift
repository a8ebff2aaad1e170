internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension PrivateKey {
  /// A key that libcrypto knows the public part of alone; a signer has the other.
  static func held(by signer: TLSSigner, for leaf: TLSCertificate) throws(TLSError) -> PrivateKey {
    ErrorQueue.clear()
    // Belongs to the certificate.
    guard let publicKey = unsafe X509_get0_pubkey(leaf.reference.x509) else {
      throw TLSError(
        .invalidCertificate, .local, hint: "libcrypto cannot read the key of \(leaf.subject)",
        openSSLErrors: ErrorQueue.take())
    }
    guard let library = unsafe SignerLibrary.shared.library else {
      throw TLSError(.openSSLFailure, .local, hint: "libcrypto refuses a provider for signers")
    }
    // The key owns a reference to the signer, and releases it when it is freed.
    let key = unsafe sitls_signer_key_new(
      library, publicKey, Callbacks.sign, { unsafe Unmanaged<TLSSigner>.fromOpaque($0!).release() },
      Unmanaged.passRetained(signer).toOpaque())
    guard let key = unsafe key else {
      throw TLSError(
        .unsupported, .local,
        hint: "a signer signs by keys of the types RSA, ECDSA, Ed25519 and Ed448; \(leaf.subject) has another",
        openSSLErrors: ErrorQueue.take())
    }
    return unsafe PrivateKey(adopting: key, library: .default, isExportable: false, holder: signer)
  }
}

extension Callbacks {
  /// Calls a signer. What it leaves in the error queue is removed: `SSL_get_error(3)` would attribute it to libssl.
  static let sign: sitls_sign = { object, scheme, bytes, count, signature, length in
    guard let object = unsafe object, let signature = unsafe signature, let length = unsafe length else { return 0 }
    let signer = unsafe Unmanaged<TLSSigner>.fromOpaque(object).takeUnretainedValue()
    let request = unsafe TLSSignatureRequest(
      scheme: TLSSignatureScheme(rawValue: scheme), bytes: Array(UnsafeBufferPointer(start: bytes, count: count)))
    let answer = ErrorQueue.preserving { Result { try signer.sign(request) } }
    switch answer {
    case .success(let made):
      let room = unsafe length.pointee
      unsafe length.pointee = made.count
      guard made.count <= room else { return 0 }
      unsafe signature.update(from: made, count: made.count)
      return 1
    case .failure(let error):
      let words = String(decoding: String(describing: error).printable.utf8.prefix(200), as: UTF8.self)
      _ = try? unsafe words.withCText("the description of a signer's error") { unsafe sitls_signer_refused($0) }
      return 0
    }
  }
}

/// The library context of keys held elsewhere. It lives as long as the process.
///
/// `@unchecked`: the pointer is written once; libcrypto guards a library context itself.
@safe
private final class SignerLibrary: @unchecked Sendable {
  static let shared = SignerLibrary()
  let library = unsafe sitls_signer_library_new()
}

extension TLSError.OpenSSLEntry {
  /// The name of the library in the entries of the provider for signers.
  private static let signer = "signer"

  /// The kind of error that the provider for signers noted; `nil` if another library made the entry.
  var signerFailure: (code: TLSError.Code, hint: String)? {
    guard library == Self.signer else { return nil }
    switch reasonCode {
    case Int(sitls_signer_failed): return (.signerFailed, "the signer of the private key failed: \(detail)")
    case Int(sitls_signer_wrong_signature):
      return (
        .invalidSignature,
        "the signer returned bytes that are not a signature by the key of the certificate (\(detail)); compare the key, "
          + "and the form that TLSSigner describes"
      )
    default: return (.signerFailed, "libssl asked the signer for a signature that TLS has no scheme for: \(detail)")
    }
  }
}
