import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit

/// A server of bare libssl on two memory BIOs that sends any bytes as its OCSP staple.
///
/// `@safe`: the pointers are valid from init to deinit; the memory BIOs belong to the `SSL`, and `staple` is written in
/// init alone.
@safe
final class StaplingPeer {
  private let context: OpaquePointer
  private let ssl: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer
  private let staple: UnsafeMutableBufferPointer<UInt8>
  /// The number of times that libssl asked for the staple.
  private let calls: UnsafeMutablePointer<Int>

  @safe
  private struct Argument {
    let staple: UnsafeMutableBufferPointer<UInt8>
    let calls: UnsafeMutablePointer<Int>
  }
  private let argument: UnsafeMutablePointer<Argument>

  /// Creates a server.
  ///
  /// - Parameters:
  ///   - staple: the bytes; empty for no staple.
  ///   - timestamps: the contents of the extension for signed certificate timestamps; `nil` for none.
  init(_ identity: TestIdentity, staple: [UInt8], version: TLSVersion, timestamps: [UInt8]? = nil) {
    let context = unsafe SSL_CTX_new(TLS_method())!
    unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version.rawValue), nil)
    for (index, der) in identity.chainDER.enumerated() {
      unsafe der.withUnsafeBufferPointer {
        var cursor = $0.baseAddress
        let x509 = unsafe d2i_X509(nil, &cursor, $0.count)
        if index == 0 {
          unsafe SSL_CTX_use_certificate(context, x509)
          unsafe X509_free(x509)
        } else {
          unsafe SSL_CTX_ctrl(context, SSL_CTRL_EXTRA_CHAIN_CERT, 0, UnsafeMutableRawPointer(x509))
        }
      }
    }
    unsafe identity.privateKeyDER.withUnsafeBufferPointer {
      var cursor = $0.baseAddress
      let key = unsafe d2i_AutoPrivateKey(nil, &cursor, $0.count)
      _ = unsafe SSL_CTX_use_PrivateKey(context, key)
      unsafe EVP_PKEY_free(key)
    }
    if let timestamps {
      // Version 2 of libssl's format: context, type, length.
      let place = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE
      let header = [UInt8](unsafe withUnsafeBytes(of: UInt32(place).bigEndian) { unsafe Array($0) })
      let extensions = header + [0, 18, UInt8(timestamps.count >> 8), UInt8(timestamps.count & 0xff)] + timestamps
      unsafe SSL_CTX_use_serverinfo_ex(context, UInt32(SSL_SERVERINFOV2), extensions, extensions.count)
    }
    unsafe self.staple = .allocate(capacity: staple.count)
    _ = unsafe self.staple.initialize(from: staple)
    unsafe calls = .allocate(capacity: 1)
    unsafe calls.initialize(to: 0)
    unsafe argument = .allocate(capacity: 1)
    unsafe argument.initialize(to: Argument(staple: self.staple, calls: calls))
    unsafe SSL_CTX_callback_ctrl(
      context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, unsafeBitCast(Self.send, to: (@convention(c) () -> Void).self))
    unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, argument)
    unsafe self.context = context
    unsafe ssl = SSL_new(context)
    unsafe input = BIO_new(BIO_s_mem())
    unsafe output = BIO_new(BIO_s_mem())
    unsafe BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
    unsafe SSL_set_bio(ssl, input, output)
    unsafe SSL_set_accept_state(ssl)
  }

  deinit {
    unsafe SSL_free(ssl)
    unsafe SSL_CTX_free(context)
    unsafe staple.deallocate()
    unsafe calls.deallocate()
    unsafe argument.deallocate()
  }

  private static let send: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, argument in
    guard let argument = unsafe argument?.assumingMemoryBound(to: Argument.self) else { return SSL_TLSEXT_ERR_NOACK }
    unsafe argument.pointee.calls.pointee += 1
    let staple = unsafe argument.pointee.staple
    if staple.isEmpty { return SSL_TLSEXT_ERR_NOACK }
    let copy = unsafe CRYPTO_memdup(staple.baseAddress, staple.count, nil, 0)
    unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, staple.count, copy)
    return SSL_TLSEXT_ERR_OK
  }

  var callCount: Int { unsafe calls.pointee }

  /// Connects a client of ours.
  ///
  /// - Returns: the error that ended it.
  func failure(of trust: TLSTrustRoots, stapling: TLSStapling) throws -> TLSError? {
    try connect(trust, stapling: stapling).failure
  }

  /// Connects a client of ours, and returns it.
  func connect(
    _ trust: TLSTrustRoots, stapling: TLSStapling, change: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> TLSEngine {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [trust]
    configuration.stapling = stapling
    change(&configuration)
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
    for _ in 0..<16 {
      let answer = exchange(client.drain())
      if answer.isEmpty { break }
      _ = try? client.feed(answer)
    }
    return client
  }

  private func exchange(_ ciphertext: [UInt8]) -> [UInt8] {
    ERR_clear_error()
    defer { ERR_clear_error() }
    if !ciphertext.isEmpty { unsafe BIO_write(input, ciphertext, Int32(ciphertext.count)) }
    unsafe SSL_do_handshake(ssl)
    var bytes = [UInt8](repeating: 0, count: 1 << 17)
    let count = unsafe BIO_read(output, &bytes, Int32(bytes.count))
    return Array(bytes.prefix(max(0, Int(count))))
  }
}
