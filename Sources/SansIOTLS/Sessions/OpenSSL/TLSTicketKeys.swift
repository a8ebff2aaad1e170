internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The keys of a server's session tickets, derived from secrets of the application. Servers that share them resume each
/// other's sessions.
///
/// Anyone who knows a secret can read the traffic of TLS 1.2 connections that were resumed or given a ticket, and
/// impersonate the server to clients that resume. So replace it often, at the latest after the lifetime of a ticket:
/// the new secret becomes the current one, and the old one stays among the previous ones for one more lifetime. A
/// ``TLSTicketKeyHolder`` replaces keys in contexts that are in use. Any source that all servers share will do, for
/// example a value of the hour from a key service.
///
/// Tickets are encrypted by AES-256-CBC and authenticated by HMAC-SHA-256, as RFC 5077, section 4, recommends.
///
/// Corresponds to `SSL_CTX_set_tlsext_ticket_key_evp_cb(3)`.
public struct TLSTicketKeys: Sendable {
  private let keys: [Key]

  /// Derives the keys. The secrets are not kept.
  ///
  /// - Parameters:
  ///   - current: The secret that new tickets are encrypted with: at least 32 random bytes.
  ///   - previous: The secrets whose tickets are still accepted, at most 16.
  /// - Throws: ``TLSError`` with code `.invalidArgument` if a secret is too short, two are equal, or
  ///   there are too many.
  public init(current: [UInt8], previous: [[UInt8]] = []) throws(TLSError) {
    guard previous.count <= 16 else {
      throw TLSError(.invalidArgument, .misuse, hint: "\(previous.count) previous secrets; give 16 at most")
    }
    var keys: [Key] = []
    for secret in [current] + previous {
      guard secret.count >= 32 else {
        throw TLSError(
          .invalidArgument, .misuse, hint: "a secret of \(secret.count) bytes; tickets need 32 random ones or more")
      }
      let key = try Key(secret)
      if keys.contains(where: { $0.name == key.name }) {
        throw TLSError(.invalidArgument, .misuse, hint: "a secret is given twice; the current one is not previous")
      }
      keys.append(key)
    }
    self.keys = keys
  }

  /// The key that encrypts new tickets.
  var current: Key { keys[0] }

  /// The key that a ticket names.
  func key(named name: UnsafeBufferPointer<UInt8>) -> Key? { keys.first { unsafe $0.name.elementsEqual(name) } }

  /// The key of tickets: its public name, and the secret halves.
  ///
  /// `@unchecked Sendable`: the bytes are written in init alone.
  @safe
  final class Key: @unchecked Sendable {
    static let nameSize = 16
    /// Derived from the secret too, so that all servers agree on it.
    let name: [UInt8]
    /// 32 bytes for AES-256, then 32 for HMAC-SHA-256.
    let halves: UnsafeMutableBufferPointer<UInt8>

    fileprivate init(_ secret: [UInt8]) throws(TLSError) {
      var name = [UInt8](repeating: 0, count: SHA256.size)
      unsafe halves = .allocate(capacity: 2 * SHA256.size)
      unsafe halves.initialize(repeating: 0)
      let start = unsafe halves.baseAddress!
      let isDone =
        unsafe Self.derive("name", secret, &name) && Self.derive("encryption", secret, start)
        && Self.derive("authentication", secret, start + SHA256.size)
      self.name = Array(name.prefix(Self.nameSize))
      if !isDone {
        throw TLSError(
          .openSSLFailure, .local, hint: "libcrypto could not derive the ticket keys",
          openSSLErrors: ErrorQueue.take())
      }
    }

    deinit {
      unsafe OPENSSL_cleanse(halves.baseAddress, halves.count)
      unsafe halves.deallocate()
    }

    /// The pseudo-random function of RFC 5869, section 2.3, for one block of output: HMAC-SHA-256. The secret is
    /// uniformly random, so no extraction precedes it.
    private static func derive(_ purpose: String, _ secret: [UInt8], _ output: UnsafeMutablePointer<UInt8>) -> Bool {
      ErrorQueue.clear()
      let label = Array("SansIOTLS session ticket \(purpose)".utf8) + [1]
      return unsafe sitls_hmac_sha256(secret, secret.count, label, label.count, output)
    }
  }
}

extension TLSTicketKeys: Hashable {
  /// Whether the two have the same keys in the same order.
  public static func == (left: TLSTicketKeys, right: TLSTicketKeys) -> Bool {
    left.keys.map(\.name) == right.keys.map(\.name)
  }

  /// Hashes the names of the keys, which are not secret.
  ///
  /// - Parameter hasher: The hasher.
  public func hash(into hasher: inout Hasher) { for key in keys { hasher.combine(key.name) } }
}

extension TLSTicketKeys: CustomStringConvertible {
  /// The number of keys; never a secret.
  public var description: String { "TLSTicketKeys(\(keys.count))" }
}
