import CLibssl

/// A TLS 1.2 client that renegotiates, as the engine never does: bare libssl on two memory BIOs. It accepts any
/// certificate.
///
/// `@safe`: the pointers are valid from init to deinit; the BIOs belong to the `SSL`.
@safe
final class RenegotiatingClient {
  private let context: OpaquePointer
  private let ssl: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer

  init() {
    unsafe context = SSL_CTX_new(TLS_client_method())
    unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    unsafe ssl = SSL_new(context)
    unsafe input = BIO_new(BIO_s_mem())
    unsafe output = BIO_new(BIO_s_mem())
    unsafe BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
    unsafe SSL_set_bio(ssl, input, output)
    unsafe SSL_set_connect_state(ssl)
  }

  deinit {
    unsafe SSL_free(ssl)
    unsafe SSL_CTX_free(context)
  }

  func renegotiate() {
    unsafe SSL_renegotiate(ssl)
    unsafe SSL_do_handshake(ssl)
    ERR_clear_error()
  }

  func write(_ plaintext: [UInt8]) { unsafe SSL_write(ssl, plaintext, Int32(plaintext.count)) }

  /// Feeds ciphertext, advances the handshake and returns the plaintext that is available.
  func absorb(_ ciphertext: [UInt8]) -> [UInt8] {
    defer { ERR_clear_error() }
    if !ciphertext.isEmpty { unsafe BIO_write(input, ciphertext, Int32(ciphertext.count)) }
    var plaintext: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = unsafe SSL_read(ssl, &buffer, Int32(buffer.count))
      if count <= 0 { return plaintext }
      plaintext += buffer.prefix(Int(count))
    }
  }

  /// Removes and returns the ciphertext.
  func drain() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe BIO_read(output, &bytes, Int32(bytes.count))
    return Array(bytes.prefix(max(0, Int(count))))
  }
}
