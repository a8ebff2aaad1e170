internal import CSansIOTLSOpenSSL

/// A library context of libcrypto (`OSSL_LIB_CTX`) other than the default one. The test kit makes them, with randomness
/// that a seed determines; `package` keeps them out of an application's reach.
///
/// `@safe`: its creator passes an owner that keeps the pointer valid.
/// `@unchecked Sendable`: libcrypto guards a library context itself; the owner is Sendable.
@safe
package final class LibraryContext: @unchecked Sendable {
  package let pointer: OpaquePointer
  /// Is called before each ticket of a server is made. Corresponds to `SSL_CTX_set_session_ticket_cb(3)`.
  let prepareTicket: PrepareTicket?

  /// A function of libssl's type `SSL_CTX_generate_session_ticket_fn`.
  package typealias PrepareTicket = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32

  /// Settings applied to each `SSL_CTX` after those of the configuration.
  let adapt: @Sendable (_ context: OpaquePointer) -> Void
  private let owner: any AnyObject & Sendable

  /// Wraps a library context.
  ///
  /// - Parameters:
  ///   - pointer: an `OSSL_LIB_CTX`.
  ///   - owner: keeps it valid.
  ///   - prepareTicket: the function called before each ticket of a server is created.
  ///   - adapt: receives each `SSL_CTX` created in it, before its first use.
  package init(
    _ pointer: OpaquePointer, owner: any AnyObject & Sendable, prepareTicket: PrepareTicket?,
    adapt: @escaping @Sendable (OpaquePointer) -> Void
  ) {
    unsafe self.pointer = pointer
    unsafe self.prepareTicket = prepareTicket
    self.owner = owner
    unsafe self.adapt = adapt
  }
}

extension TLSIdentity {
  /// The same chain and key, decoded again by another library context, which then provides the random numbers of
  /// signatures.
  func copied(to library: LibraryContext) throws(TLSError) -> TLSIdentity {
    var copies: [TLSCertificate] = []
    for certificate in chain { copies.append(try certificate.copied(to: library)) }
    return TLSIdentity(chain: copies, key: try key.copied(to: library))
  }
}

extension TLSCertificate {
  fileprivate func copied(to library: LibraryContext) throws(TLSError) -> TLSCertificate {
    let der = der
    var x509 = unsafe X509_new_ex(library.pointer, nil)
    let isParsed = unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_X509(&x509, &cursor, bytes.count) != nil
    }
    guard isParsed, let x509 = unsafe x509 else {
      throw TLSError(
        .invalidCertificate, .local, hint: "the library context cannot decode \(subject)",
        openSSLErrors: ErrorQueue.take())
    }
    return unsafe TLSCertificate(adopting: x509)
  }
}

extension PrivateKey {
  /// By way of PKCS#8: it holds the algorithm and its parameters with the key, and libcrypto zeroes it when it is
  /// freed. `EVP_PKEY_todata(3)` would copy the key into parameters that are not zeroed.
  fileprivate func copied(to library: LibraryContext) throws(TLSError) -> PrivateKey {
    let info = unsafe EVP_PKEY2PKCS8(pkey)
    defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
    guard let copy = unsafe info.flatMap({ unsafe EVP_PKCS82PKEY_ex($0, library.pointer, nil) }) else {
      throw TLSError(
        .invalidPrivateKey, .local, hint: "the library context cannot decode the private key",
        openSSLErrors: ErrorQueue.take())
    }
    return unsafe PrivateKey(adopting: copy)
  }
}
