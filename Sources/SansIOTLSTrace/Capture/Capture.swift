public import SansIOTLS

/// A connection's ciphertext as a pcapng file, which Wireshark and tshark open as a TCP connection and decrypt with the
/// secrets in the file.
///
/// ```swift
/// var capture = Capture()
/// capture.keyLog(line)                                    // a line of Configuration.keyLog
/// capture.sent(server.drain(), by: .server, at: time)
/// file.write(capture.takeBytes())
/// ```
///
/// **Anyone with the file can decrypt the connection.** Protect it like a private key.
///
/// Only the ciphertext is real. The TCP around it is synthetic: no segment is lost, late or sent twice, each is
/// acknowledged at once, and the ends are 192.0.2.1 and 192.0.2.2, port 443 (RFC 5737 reserves these addresses for
/// documentation).
///
/// Wireshark looks for a secret once, when it reads the packet that needs it. Secrets therefore precede all packets
/// that were not returned yet. libssl reports some of them only at the end of the handshake: a TLS 1.2 server its only
/// one, a TLS 1.3 client that of its own handshake messages. So call ``takeBytes()`` only after the engine with these
/// secrets has completed its handshake, or has failed. A file that is taken once, at the end of the connection, has all
/// its secrets at the beginning.
///
/// Bytes that were returned are released: the memory in use is that of the packets since.
public struct Capture: Sendable {

  /// The beginning of the file, and the secrets since the last call of ``takeBytes()``.
  private var head: [UInt8]
  /// The packets since the last call of ``takeBytes()``.
  private var packets: [UInt8] = []
  private var connection: TCPFraming
  private var isConnected = false
  private var endedSides: Set<TLSRole> = []
  /// The time of the latest packet.
  private var now: UInt64 = 0

  /// Creates a capture.
  ///
  /// - Parameters:
  ///   - comment: A comment among the properties of the file, of which the first 16,000 Unicode scalars are kept.
  ///   - clientPort: The client's port, which distinguishes connections in merged files. Not 443, which is the
  ///     server's.
  public init(comment: String = "", clientPort: UInt16 = 49_152) {
    self.init(comment: comment, connection: TCPFraming(clientPort: clientPort))
  }

  init(comment: String = "", connection: TCPFraming) {
    head = PcapNG.sectionHeader(application: "SansIOTLS", comment: comment) + PcapNG.interfaceDescription()
    self.connection = connection
  }

  /// Adds a secret to the file, before all packets that were not returned yet.
  ///
  /// - Parameter line: A line of the NSS key log format, without newline, as passed to
  ///   `TLSContext.Configuration.keyLog`.
  /// - Returns: Whether it has that format. Any other text is not added, so that no line can add further lines.
  @discardableResult
  public mutating func keyLog(_ line: String) -> Bool {
    guard KeyLogLine.isValid(line) else { return false }
    head += PcapNG.decryptionSecrets(line)
    return true
  }

  /// Adds ciphertext to the file, after the TCP handshake if it is the first. Empty ciphertext, and bytes that a side
  /// sends after its end, are not added.
  ///
  /// - Parameters:
  ///   - bytes: The ciphertext, which becomes packets of at most 65,495 bytes.
  ///   - side: The sender.
  ///   - time: The time in nanoseconds since 1970; without a clock any increasing number, such as steps. A time before
  ///     that of the previous packet counts as the latter, so that time never decreases.
  public mutating func sent(_ bytes: [UInt8], by side: TLSRole, at time: UInt64) {
    guard !bytes.isEmpty, !endedSides.contains(side) else { return }
    connect(at: time)
    for start in stride(from: 0, to: bytes.count, by: TCPFraming.largestSegment) {
      let end = min(start + TCPFraming.largestSegment, bytes.count)
      add(side, [.push, .acknowledgement], bytes[start..<end])
      add(side.peer, .acknowledgement)
    }
  }

  /// Adds the end of a side's direction of the transport, after its close_notify or without one. A second end is
  /// ignored.
  ///
  /// - Parameters:
  ///   - side: The sender.
  ///   - time: The time, as in ``sent(_:by:at:)``.
  public mutating func ended(by side: TLSRole, at time: UInt64) {
    guard !endedSides.contains(side) else { return }
    connect(at: time)
    endedSides.insert(side)
    add(side, [.end, .acknowledgement])
    add(side.peer, .acknowledgement)
  }

  /// The bytes that were not returned by ``takeBytes()`` yet; the whole file if it was not called.
  public var bytes: [UInt8] { head + packets }

  /// Returns and releases the bytes since the last call. The concatenated results are the file, which is well-formed
  /// after each of them.
  ///
  /// - Returns: The bytes, empty if there are none.
  public mutating func takeBytes() -> [UInt8] {
    defer {
      head = []
      packets = []
    }
    return bytes
  }

  /// Advances the time, and adds the TCP handshake before the first packet (RFC 9293, section 3.5).
  private mutating func connect(at time: UInt64) {
    now = max(now, time)
    if isConnected { return }
    isConnected = true
    add(.client, .synchronize)
    add(.server, [.synchronize, .acknowledgement])
    add(.client, .acknowledgement)
  }

  private mutating func add(_ side: TLSRole, _ flags: TCPFraming.Flags, _ payload: ArraySlice<UInt8> = []) {
    packets += PcapNG.enhancedPacket(connection.packet(from: side, flags, payload), at: now)
  }
}
