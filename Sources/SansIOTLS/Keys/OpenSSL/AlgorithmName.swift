internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The encryption of a key or a bundle, in libcrypto's names.
enum AlgorithmName {
  /// The name of an object identifier, or its numbers where libcrypto knows none. Corresponds to `OBJ_obj2txt(3)`.
  static func of(_ object: OpaquePointer?) -> String {
    let number = unsafe OBJ_obj2nid(object)
    if number != NID_undef, let name = unsafe OBJ_nid2sn(number) { return unsafe String(cString: name) }
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      unsafe buffer.initialize(repeating: 0)
      unsafe OBJ_obj2txt(buffer.baseAddress, CInt(clamping: buffer.count), object, 1)
      return unsafe String(cString: buffer.baseAddress!)
    }
  }

  /// The name of an algorithm identifier.
  static func of(_ algorithm: UnsafePointer<X509_ALGOR>?) -> String {
    var object: OpaquePointer?
    unsafe X509_ALGOR_get0(&object, nil, nil, algorithm)
    return unsafe of(object)
  }

  /// The names of an encryption scheme and, where it is PBES2, of what it is made of (RFC 8018, appendix A.4).
  static func encryption(_ algorithm: UnsafePointer<X509_ALGOR>?) -> String {
    let name = unsafe of(algorithm)
    guard name == "PBES2", let scheme = unsafe parameters(of: algorithm, d2i_PBE2PARAM) else { return name }
    defer { unsafe PBE2PARAM_free(scheme) }
    var parts = unsafe [of(UnsafePointer(scheme.pointee.keyfunc))]
    if let derivation = unsafe parameters(of: UnsafePointer(scheme.pointee.keyfunc), d2i_PBKDF2PARAM),
      parts == ["PBKDF2"]
    {
      if let function = unsafe derivation.pointee.prf { unsafe parts.append(of(UnsafePointer(function))) }
      unsafe PBKDF2PARAM_free(derivation)
    }
    unsafe parts.append(of(UnsafePointer(scheme.pointee.encryption)))
    ErrorQueue.clear()
    return "\(name) (\(parts.joined(separator: ", ")))"
  }

  /// The parameters of an algorithm identifier, parsed by one of the `d2i_` functions.
  private static func parameters<Parsed>(
    of algorithm: UnsafePointer<X509_ALGOR>?,
    _ parse: (
      UnsafeMutablePointer<UnsafeMutablePointer<Parsed>?>?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, Int
    ) -> UnsafeMutablePointer<Parsed>?
  ) -> UnsafeMutablePointer<Parsed>? {
    var type: CInt = 0
    var value: UnsafeRawPointer?
    unsafe X509_ALGOR_get0(nil, &type, &value, algorithm)
    guard type == V_ASN1_SEQUENCE, let text = unsafe value?.assumingMemoryBound(to: ASN1_STRING.self) else {
      return nil
    }
    var cursor = unsafe ASN1_STRING_get0_data(text)
    return unsafe parse(nil, &cursor, Int(ASN1_STRING_length(text)))
  }
}

extension TLSError {
  /// The error about a key or bundle whose encryption libcrypto's providers lack; `nil` if the queue does not say so.
  ///
  /// - Parameters:
  ///   - what: what is encrypted.
  ///   - algorithm: what it is encrypted with; `nil` for what libcrypto's entry names.
  ///   - entries: what libcrypto left in its queue.
  static func unsupportedEncryption(
    of what: String, _ algorithm: String?, _ entries: [OpenSSLEntry]
  ) -> TLSError? {
    guard let entry = entries.first(where: \.isUnsupportedAlgorithm) else { return nil }
    let named = entry.detail.split(separator: "Algorithm (").dropFirst().first?.split(separator: " :").first
    let name = algorithm ?? named.map(String.init) ?? entry.detail
    return TLSError(
      .unsupportedEncryption, .local,
      hint:
        "\(what) needs \(name), which libcrypto's providers lack or refuse; load the legacy provider in "
        + "openssl.cnf, or "
        + "encrypt it again with AES (openssl pkcs8 -topk8, openssl pkcs12 -export)", openSSLErrors: entries)
  }
}

extension TLSError.OpenSSLEntry {
  /// Whether libcrypto could not fetch an algorithm, or does not take its parameters. The decoder's own words for bytes
  /// that it does not know have the same reason and come from another library.
  fileprivate var isUnsupportedAlgorithm: Bool {
    let reason = Int32(truncatingIfNeeded: reasonCode)
    switch ERR_GET_LIB(CUnsignedLong(code)) {
    case ERR_LIB_EVP:
      return reasonCode == Int(sitls_reason_unsupported)
        || [
          EVP_R_UNSUPPORTED_ALGORITHM, EVP_R_UNSUPPORTED_CIPHER, EVP_R_UNSUPPORTED_KEYLENGTH,
          EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION, EVP_R_UNSUPPORTED_PRF, EVP_R_UNSUPPORTED_SALT_TYPE,
          EVP_R_UNKNOWN_PBE_ALGORITHM, EVP_R_UNKNOWN_CIPHER, EVP_R_UNKNOWN_DIGEST, EVP_R_ILLEGAL_SCRYPT_PARAMETERS,
          EVP_R_MEMORY_LIMIT_EXCEEDED,
        ].contains(reason)
    case ERR_LIB_PEM: return reason == PEM_R_UNSUPPORTED_ENCRYPTION || reason == PEM_R_UNSUPPORTED_CIPHER
    case ERR_LIB_PKCS12: return reason == PKCS12_R_UNKNOWN_DIGEST_ALGORITHM
    default: return false
    }
  }
}
