import CLibcrypto

/// SHA-256 over successive pieces. It is libcrypto's, because the program is linked to it already.
@safe
final class Digest {
  // Sound: created once, never NULL after `init`, freed once in `deinit`, used by one owner only.
  private let context = unsafe EVP_MD_CTX_new()!

  init() {
    let begun = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(begun == 1, "libcrypto offers no SHA-256")
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  func update(_ bytes: ArraySlice<UInt8>) {
    let updated = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    precondition(updated == 1)
  }

  /// Completes the digest.
  ///
  /// - Returns: 64 hexadecimal digits.
  func finish() -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let finished = unsafe EVP_DigestFinal_ex(context, &bytes, nil)
    precondition(finished == 1)
    return bytes.hexadecimal()
  }
}
