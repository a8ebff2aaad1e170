import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Synchronization

/// Seals records with the keys of a real peer whose handshake is done: what libssl never sends and a peer may.
///
/// The suites are fixed: AES-128-GCM with SHA-256 in both versions (RFC 5288 and RFC 8446, section 5.2).
struct RecordForge {
  private let version: TLSVersion
  private let key: [UInt8]
  private let nonce: [UInt8]
  private var sequence: UInt64

  /// Seals one record. In TLS 1.3 the type is the inner one.
  mutating func seal(_ type: ContentType, _ content: [UInt8]) -> [UInt8] {
    defer { sequence += 1 }
    let count = Self.bigEndian(sequence)
    if version == .tls12 {
      let protected = Self.encrypt(
        content, key: key, nonce: nonce + count,
        authenticating: count + [type.rawValue, 3, 3] + Self.length(content.count))
      return [type.rawValue, 3, 3] + Self.length(8 + protected.count) + count + protected
    }
    let header = [23, 3, 3] + Self.length(content.count + 1 + 16)
    var nonce = nonce
    for index in 0..<8 { nonce[4 + index] ^= count[index] }
    return header + Self.encrypt(content + [type.rawValue], key: key, nonce: nonce, authenticating: header)
  }

  enum ContentType: UInt8, CaseIterable { case changeCipherSpec = 20, alert, handshake, applicationData, heartbeat }

  // MARK: From a real handshake

  /// A pair after its handshake and a forge that continues for one side, which must not write any more.
  static func connected(
    _ version: TLSVersion, forging side: TLSRole = .client, limits: TLSEngine.Limits = .default
  ) throws -> (server: Box, forge: RecordForge) {
    let lines = Lines()
    var pair = try EnginePair.connected(version, handshake: false, limits: limits) { client, server in
      client.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
      client.cipherSuites = [.TLS_AES_128_GCM_SHA256]
      client.keyLog = TLSKeyLog { lines.append($0) }
      server.resumption = .off
    }
    let hello = pair.client.drain()
    _ = try pair.server.absorb(hello)
    let answer = pair.server.drain()
    _ = try pair.client.absorb(answer)
    try pair.handshake()
    try pair.settle()
    let box = Box(pair)
    if version == .tls13 {
      let secret = lines.secret(side == .client ? "CLIENT_TRAFFIC_SECRET_0" : "SERVER_TRAFFIC_SECRET_0")
      return (box, RecordForge(tls13: secret, sequence: 0))
    }
    return (
      box, RecordForge(tls12: lines.secret("CLIENT_RANDOM"), forging: side, hello: hello, answer: answer, sequence: 1)
    )
  }

  /// A pair during its handshake, the last flight of one side, and a forge that continues for that side after it.
  /// The side itself believes to have sent the whole flight.
  ///
  /// - Parameter kept: how many records of the flight are given; all before its Finished without it.
  static func handshaking(
    _ version: TLSVersion, forging side: TLSRole, keeping kept: Int? = nil
  ) throws -> (box: Box, flight: [UInt8], forge: RecordForge) {
    let lines = Lines()
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
      client.cipherSuites = [.TLS_AES_128_GCM_SHA256]
      client.keyLog = TLSKeyLog { lines.append($0) }
      server.keyLog = TLSKeyLog { lines.append($0) }
    }
    let hello = pair.client.drain()
    _ = try pair.server.absorb(hello)
    let answer = pair.server.drain()
    var flight = answer
    // TLS 1.3: the server's flight, the client's. TLS 1.2: the server's without Finished, the client's, the server's
    // with it.
    for sender in [TLSRole.client, .server].prefix(side == .client ? 1 : version == .tls13 ? 0 : 2) {
      _ = try pair[sender].absorb(flight)
      flight = pair[sender].drain()
    }
    let lengths = recordLengths(flight)
    let before = lengths.prefix(kept ?? lengths.count - 1)
    flight = Array(flight.prefix(before.reduce(0, +)))
    if version == .tls13 {
      var sealed: UInt64 = 0
      var start = 0
      for length in before {
        if flight[start] == ContentType.applicationData.rawValue { sealed += 1 }
        start += length
      }
      let secret = lines.secret(
        side == .client ? "CLIENT_HANDSHAKE_TRAFFIC_SECRET" : "SERVER_HANDSHAKE_TRAFFIC_SECRET")
      return (Box(pair), flight, RecordForge(tls13: secret, sequence: sealed))
    }
    return (
      Box(pair), flight,
      RecordForge(tls12: lines.secret("CLIENT_RANDOM"), forging: side, hello: hello, answer: answer, sequence: 0)
    )
  }

  /// TLS 1.3: the keys of a traffic secret.
  private init(tls13 secret: [UInt8], sequence: UInt64) {
    self.init(
      version: .tls13, key: Self.expand(secret, "key", 16), nonce: Self.expand(secret, "iv", 12), sequence: sequence)
  }

  /// TLS 1.2: one side's keys of the main secret.
  private init(
    tls12 secret: [UInt8], forging side: TLSRole, hello: [UInt8], answer: [UInt8], sequence: UInt64
  ) {
    // Both randoms follow record header, message header and version.
    let seed = Array("key expansion".utf8) + answer[11..<43] + hello[11..<43]
    let block = Self.pseudorandom(secret, seed, 40)
    let (key, nonce) = side == .client ? (block[..<16], block[32..<36]) : (block[16..<32], block[36..<40])
    self.init(version: .tls12, key: Array(key), nonce: Array(nonce), sequence: sequence)
  }

  private init(version: TLSVersion, key: [UInt8], nonce: [UInt8], sequence: UInt64) {
    self.version = version
    self.key = key
    self.nonce = nonce
    self.sequence = sequence
  }

  /// A tuple cannot contain a noncopyable pair.
  final class Box {
    var pair: EnginePair
    init(_ pair: consuming EnginePair) { self.pair = pair }
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func append(_ line: String) { lines.withLock { $0.append(line) } }
    func secret(_ label: String) -> [UInt8] {
      let line = lines.withLock { $0.last { $0.hasPrefix(label + " ") } } ?? ""
      let digits = (line.split(separator: " ").last ?? "").utf8.map { UInt8($0 > 57 ? ($0 | 32) - 87 : $0 - 48) }
      return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
  }

  // MARK: Cryptography
  // The pointers are arrays that are valid during the calls, each with its own count.

  /// HKDF-Expand-Label of RFC 8446, section 7.1, for at most one block.
  private static func expand(_ secret: [UInt8], _ label: String, _ count: Int) -> [UInt8] {
    let label = Array("tls13 \(label)".utf8)
    return Array(hmac(secret, length(count) + [UInt8(label.count)] + label + [0, 1]).prefix(count))
  }

  /// The PRF of RFC 5246, section 5.
  private static func pseudorandom(_ secret: [UInt8], _ seed: [UInt8], _ count: Int) -> [UInt8] {
    var output: [UInt8] = []
    var round = seed
    while output.count < count {
      round = hmac(secret, round)
      output += hmac(secret, round + seed)
    }
    return Array(output.prefix(count))
  }

  private static func hmac(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 32)
    _ = unsafe HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &output, nil)
    return output
  }

  private static func encrypt(
    _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], authenticating header: [UInt8]
  ) -> [UInt8] {
    let context = unsafe EVP_CIPHER_CTX_new()
    defer { unsafe EVP_CIPHER_CTX_free(context) }
    var output = [UInt8](repeating: 0, count: plaintext.count)
    var tag = [UInt8](repeating: 0, count: 16)
    var count: Int32 = 0
    unsafe EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nil, key, nonce)
    unsafe EVP_EncryptUpdate(context, nil, &count, header, Int32(header.count))
    if !plaintext.isEmpty { unsafe EVP_EncryptUpdate(context, &output, &count, plaintext, Int32(plaintext.count)) }
    unsafe EVP_EncryptFinal_ex(context, &tag, &count)
    unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag)
    return output + tag
  }

  private static func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private static func length(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 255)] }
}
