internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// A PKCS#12 bundle while it is read.
///
/// `@safe`: the pointer is owned; everything taken out has a reference of its own.
@safe
final class PKCS12Bundle {
  private let bundle: OpaquePointer

  private let library: TLSLibraryContext

  init(_ bytes: [UInt8], library: TLSLibraryContext) throws(TLSError) {
    let library = library.decoding ?? library
    self.library = library
    let bundle = try unsafe Source.bytes(bytes).withBIO { (bio) throws(TLSError) in
      var bundle = unsafe PKCS12_init_ex(NID_pkcs7_data, library.pointer, nil)
      if unsafe d2i_PKCS12_bio(bio, &bundle) != nil { return unsafe bundle }
      unsafe PKCS12_free(bundle)
      return nil
    }
    guard let bundle = unsafe bundle else {
      throw TLSError(
        .invalidPKCS12, .local, hint: "the bytes are not a PKCS#12 bundle in DER form", openSSLErrors: ErrorQueue.take()
      )
    }
    unsafe self.bundle = bundle
  }

  deinit { unsafe PKCS12_free(bundle) }

  /// The one key, its certificate first, and the other certificates. Corresponds to `PKCS12_parse(3)`, which reads the
  /// passphrase as C text.
  func contents(passphrase: String) throws(TLSError) -> (chain: [TLSCertificate], key: PrivateKey) {
    if passphrase.utf8.count > Passphrase.limit { _ = try Passphrase(passphrase) }
    return try unsafe passphrase.withCText("the passphrase of the PKCS#12 bundle") { (text) throws(TLSError) in
      var pkey: OpaquePointer?
      var leaf: OpaquePointer?
      var others: OpaquePointer?
      // An empty passphrase and none are encoded differently; PKCS12_parse tries both when it is given none.
      let isOpen = unsafe PKCS12_parse(bundle, passphrase.isEmpty ? nil : text, &pkey, &leaf, &others) == 1
      defer { unsafe sitls_x509_stack_free_all(others) }
      guard isOpen else { throw refusal(ErrorQueue.take()) }
      ErrorQueue.clear()
      let key = unsafe pkey.map { unsafe PrivateKey(adopting: $0, library: library) }
      let own = unsafe leaf.map { unsafe TLSCertificate(adopting: $0) }
      // PKCS12_parse takes the first key and all certificates, those of the other keys too.
      let keys = unsafe keyCount(passphrase: text)
      if keys > 1 {
        throw TLSError(
          .invalidPKCS12, .local,
          hint: "the PKCS#12 bundle contains \(keys) private keys; export the one to use "
            + "alone with its chain")
      }
      guard let key, let own else {
        throw TLSError(.invalidPKCS12, .local, hint: "the PKCS#12 bundle lacks a private key or its certificate")
      }
      return ([own] + (unsafe TLSCertificate.references(in: others)), key)
    }
  }

  private func refusal(_ entries: [TLSError.OpenSSLEntry]) -> TLSError {
    let what = "the PKCS#12 bundle"
    if unsafe PKCS12_mac_present(bundle) == 0, entries.contains(where: { $0.isPKCS12(PKCS12_R_MAC_ABSENT) }) {
      return TLSError(
        .invalidPKCS12, .local,
        hint: "\(what) has no MAC, so that this libcrypto cannot check its passphrase; export it again with one",
        openSSLErrors: entries)
    }
    let isMAC = entries.contains { $0.isPKCS12(PKCS12_R_UNKNOWN_DIGEST_ALGORITHM) }
    if let error = TLSError.unsupportedEncryption(of: what, isMAC ? macAlgorithm : nil, entries) { return error }
    let isPassphrase = entries.contains {
      $0.isPKCS12(PKCS12_R_MAC_VERIFY_FAILURE) || $0.isPKCS12(PKCS12_R_PKCS12_CIPHERFINAL_ERROR)
    }
    return TLSError(
      isPassphrase ? .wrongPassphrase : .invalidPKCS12, .local,
      hint: isPassphrase ? "the passphrase does not open \(what)" : "\(what) cannot be read", openSSLErrors: entries)
  }

  /// The digest of the MAC.
  private var macAlgorithm: String {
    var algorithm: UnsafePointer<X509_ALGOR>?
    unsafe PKCS12_get0_mac(nil, &algorithm, nil, nil, bundle)
    return "a MAC by \(unsafe AlgorithmName.of(algorithm))"
  }

  // MARK: Counting keys

  /// The number of private keys in the open bundle, in all its containers.
  private func keyCount(passphrase: UnsafePointer<CChar>) -> Int {
    // As PKCS12_parse does it: without a passphrase where the MAC was made so.
    let isNone = unsafe passphrase.pointee == 0 && PKCS12_verify_mac(bundle, nil, 0) == 1
    guard let containers = unsafe PKCS12_unpack_authsafes(bundle) else { return 0 }
    defer {
      unsafe OPENSSL_sk_free(containers)
      ErrorQueue.clear()
    }
    var count = 0
    while let container = unsafe OPENSSL_sk_pop(containers)?.assumingMemoryBound(to: PKCS7.self) {
      defer { unsafe PKCS7_free(container) }
      var bags: OpaquePointer?
      switch unsafe OBJ_obj2nid(container.pointee.type) {
      case NID_pkcs7_data: unsafe bags = PKCS12_unpack_p7data(container)
      case NID_pkcs7_encrypted:
        unsafe bags = PKCS12_unpack_p7encdata(container, isNone ? nil : passphrase, isNone ? 0 : -1)
      default: break
      }
      unsafe count += Self.keyCount(in: bags)
      while let bag = unsafe OPENSSL_sk_pop(bags) { unsafe PKCS12_SAFEBAG_free(OpaquePointer(bag)) }
      unsafe OPENSSL_sk_free(bags)
    }
    return count
  }

  private static func keyCount(in bags: OpaquePointer?) -> Int {
    unsafe (0..<max(OPENSSL_sk_num(bags), 0)).reduce(0) { count, index in
      let bag = unsafe OpaquePointer(OPENSSL_sk_value(bags, index))
      switch unsafe PKCS12_SAFEBAG_get_nid(bag) {
      case NID_keyBag, NID_pkcs8ShroudedKeyBag: return count + 1
      case NID_safeContentsBag: return unsafe count + keyCount(in: PKCS12_SAFEBAG_get0_safes(bag))
      default: return count
      }
    }
  }
}

extension TLSError.OpenSSLEntry {
  fileprivate func isPKCS12(_ reason: Int32) -> Bool {
    ERR_GET_LIB(CUnsignedLong(code)) == ERR_LIB_PKCS12 && reasonCode == Int(reason)
  }
}
