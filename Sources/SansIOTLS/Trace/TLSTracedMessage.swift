/// A record that passed through an engine, or a message that a record carried, as the engine's tap noted it.
///
/// A record precedes the message that it carries or, if that spans several, completes. Application data is reported by
/// its record alone. Of the contents only ``preSharedKeyIdentities`` are kept, so that a tap holds no secret.
///
/// Corresponds to what `SSL_CTX_set_msg_callback(3)` reports.
public struct TLSTracedMessage: Sendable, Hashable {
  /// A direction, as seen from the engine.
  public enum Direction: Sendable, Hashable {
    /// To the peer.
    case sent
    /// From the peer.
    case received
  }

  /// The content of a record or the type of a message.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Content: Sendable, Hashable {
    /// A record, by its type after decryption.
    case record(RecordType)
    /// A whole handshake message.
    case handshake(HandshakeType)
    /// A ChangeCipherSpec that was sent; in TLS 1.3 it has no effect and is sent for middleboxes. A received one is
    /// reported by its record alone, of type `change_cipher_spec`.
    case changeCipherSpec
    /// An alert, `close_notify` included.
    case alert(TLSAlert, isFatal: Bool)
  }

  /// The outcome of a call of the engine: the step that its messages caused.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum CallOutcome: Sendable, Hashable {
    /// The handshake is done, or application data was read.
    case done
    /// It needs more ciphertext.
    case needsFeed
    /// It is suspended at a question.
    case needsAnswer
    /// The peer closed its direction.
    case endOfStream
    /// It failed, with this code.
    case failed(TLSError.Code)
  }

  /// The direction.
  public let direction: Direction
  /// The content.
  public let content: Content
  /// The size in bytes: of a record with its header of 5, as on the wire; of a handshake message with its header of 4;
  /// of an alert 2; of a ChangeCipherSpec 1. A ClientHello in the form of SSL 2 has no header of its own, and its
  /// record one of 2.
  public let size: Int
  /// Whether the record was encrypted.
  public let isEncrypted: Bool
  /// The identities of pre-shared keys that a client sends in plaintext: those of a TLS 1.3 ClientHello, session
  /// tickets among them, and the one of a TLS 1.2 ClientKeyExchange. Empty in all other messages.
  public let preSharedKeyIdentities: [[UInt8]]
  /// The outcome of the call in which it passed, in the last message of that call; `nil` in those before it.
  public internal(set) var callOutcome: CallOutcome?

  /// Creates a message, for tests of code that shows messages.
  ///
  /// - Parameters:
  ///   - content: The content.
  ///   - direction: The direction, as seen from the engine.
  ///   - size: The size in bytes; see ``size``.
  ///   - isEncrypted: Whether the record was encrypted.
  ///   - preSharedKeyIdentities: The identities of pre-shared keys that it shows.
  ///   - callOutcome: The outcome of the call in which it passed, if it is the last message of that call.
  public init(
    _ content: Content, _ direction: Direction, size: Int, isEncrypted: Bool,
    preSharedKeyIdentities: [[UInt8]] = [], callOutcome: CallOutcome? = nil
  ) {
    self.content = content
    self.direction = direction
    self.size = size
    self.isEncrypted = isEncrypted
    self.preSharedKeyIdentities = preSharedKeyIdentities
    self.callOutcome = callOutcome
  }
}

extension TLSTracedMessage {
  /// The content type of a record (RFC 8446, section 5.1).
  public struct RecordType: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt8

    /// Wraps a content type.
    ///
    /// - Parameter rawValue: 0 to 255.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// change_cipher_spec (20).
    public static let changeCipherSpec = RecordType(rawValue: 20)
    /// alert (21).
    public static let alert = RecordType(rawValue: 21)
    /// handshake (22).
    public static let handshake = RecordType(rawValue: 22)
    /// application_data (23).
    public static let applicationData = RecordType(rawValue: 23)
  }

  /// The type of a handshake message (RFC 8446, section 4; RFC 5246, section 7.4).
  public struct HandshakeType: RawRepresentable, Hashable, Sendable {
    /// The number on the wire, but for ``helloRetryRequest``.
    public let rawValue: UInt8

    /// Wraps a handshake type.
    ///
    /// - Parameter rawValue: 0 to 255.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// HelloRequest (0, TLS 1.2).
    public static let helloRequest = HandshakeType(rawValue: 0)
    /// ClientHello (1).
    public static let clientHello = HandshakeType(rawValue: 1)
    /// ServerHello (2).
    public static let serverHello = HandshakeType(rawValue: 2)
    /// NewSessionTicket (4).
    public static let newSessionTicket = HandshakeType(rawValue: 4)
    /// EndOfEarlyData (5).
    public static let endOfEarlyData = HandshakeType(rawValue: 5)
    /// HelloRetryRequest: on the wire a ServerHello with a set random; here by its number in the drafts (6).
    public static let helloRetryRequest = HandshakeType(rawValue: 6)
    /// EncryptedExtensions (8).
    public static let encryptedExtensions = HandshakeType(rawValue: 8)
    /// Certificate (11).
    public static let certificate = HandshakeType(rawValue: 11)
    /// ServerKeyExchange (12, TLS 1.2).
    public static let serverKeyExchange = HandshakeType(rawValue: 12)
    /// CertificateRequest (13).
    public static let certificateRequest = HandshakeType(rawValue: 13)
    /// ServerHelloDone (14, TLS 1.2).
    public static let serverHelloDone = HandshakeType(rawValue: 14)
    /// CertificateVerify (15).
    public static let certificateVerify = HandshakeType(rawValue: 15)
    /// ClientKeyExchange (16, TLS 1.2).
    public static let clientKeyExchange = HandshakeType(rawValue: 16)
    /// Finished (20).
    public static let finished = HandshakeType(rawValue: 20)
    /// CertificateStatus (22, TLS 1.2).
    public static let certificateStatus = HandshakeType(rawValue: 22)
    /// KeyUpdate (24).
    public static let keyUpdate = HandshakeType(rawValue: 24)

    private static let names: [UInt8: String] = [
      0: "HelloRequest", 1: "ClientHello", 2: "ServerHello", 3: "HelloVerifyRequest", 4: "NewSessionTicket",
      5: "EndOfEarlyData", 6: "HelloRetryRequest", 8: "EncryptedExtensions", 11: "Certificate",
      12: "ServerKeyExchange", 13: "CertificateRequest", 14: "ServerHelloDone", 15: "CertificateVerify",
      16: "ClientKeyExchange", 20: "Finished", 21: "CertificateURL", 22: "CertificateStatus", 24: "KeyUpdate",
      25: "CompressedCertificate", 254: "message_hash",
    ]
  }
}

extension TLSTracedMessage.RecordType: CustomStringConvertible {
  /// The type's name as in RFC 8446, for example `application_data`.
  public var description: String {
    switch self {
    case .changeCipherSpec: "change_cipher_spec"
    case .alert: "alert"
    case .handshake: "handshake"
    case .applicationData: "application_data"
    default: "record \(rawValue)"
    }
  }
}

extension TLSTracedMessage.HandshakeType: CustomStringConvertible {
  /// The message's name as in the RFCs, for example `ClientHello`.
  public var description: String { Self.names[rawValue] ?? "handshake message \(rawValue)" }
}

extension TLSTracedMessage: CustomStringConvertible {
  /// For example `sent Finished, 36 bytes, encrypted`.
  public var description: String {
    let name =
      switch content {
      case .record(let type): "record of \(type)"
      case .handshake(let type): "\(type)"
      case .changeCipherSpec: "ChangeCipherSpec"
      case .alert(let alert, let isFatal): "\(isFatal ? "fatal alert" : "alert") \(alert)"
      }
    return "\(direction) \(name), \(size) bytes\(isEncrypted ? ", encrypted" : "")"
  }
}
