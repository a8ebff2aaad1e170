public import SansIOTLS

/// A connection's ciphertext as a pcapng file, which Wireshark and tshark open as a TCP connection and, with the
/// secrets that are in the file, decrypt: nothing else has to be given to them.
///
/// ```swift
/// var capture = Capture()
/// capture.keyLog(line)                                    // what Configuration.keyLog was called with
/// capture.sent(server.drain(), by: .server, at: time)
/// file.write(capture.takeBytes())
/// ```
///
/// **Whoever has the file can read the connection.** Keep it as you would keep a private key.
///
/// Only the ciphertext is true. The TCP around it is made up, so that it can be followed: no segment is lost, late or
/// sent twice, each is acknowledged at once, and the ends are 192.0.2.1 and 192.0.2.2, port 443 (RFC 5737 sets these
/// addresses aside for documentation).
///
/// Wireshark looks for a secret when it meets the packet that needs it, and never again. Secrets are therefore put in
/// front of all packets that were not taken yet. libssl tells some of them as late as at the end of the handshake: a
/// TLS 1.2 server its only one, a TLS 1.3 client that of its own handshake messages. So take nothing before the engine
/// whose secrets these are has done its handshake, or has failed; from then on at any time. Bytes that are not taken
/// before the connection's end are a file with all its secrets at the beginning.
///
/// What was taken is forgotten: the memory in use is that of the packets since.
public struct Capture: Sendable {

  /// The file's beginning, and the secrets that came since the last taking.
  private var head: [UInt8]
  /// The packets since the last taking.
  private var packets: [UInt8] = []
  private var connection: TCPFraming
  private var isConnected = false
  private var endedSides: Set<TLSRole> = []
  /// The time of the latest packet.
  private var now: UInt64 = 0

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - comment: is shown among the properties of the file; of more than 16,000 Unicode scalars the first are kept.
  ///   - clientPort: tells connections apart whose files are merged. Not 443, which is the server's.
  public init(comment: String = "", clientPort: UInt16 = 49_152) {
    self.init(comment: comment, connection: TCPFraming(clientPort: clientPort))
  }

  init(comment: String = "", connection: TCPFraming) {
    head = PcapNG.sectionHeader(application: "SansIOTLS", comment: comment) + PcapNG.interfaceDescription()
    self.connection = connection
  }

  /// Puts a secret into the file, in front of all packets that were not taken yet.
  ///
  /// - Parameter line: a line of the NSS key log format, without newline, as `TLSContext.Configuration.keyLog` gets it.
  /// - Returns: whether it is one. Anything else is left out, so that no line brings others with it.
  @discardableResult
  public mutating func keyLog(_ line: String) -> Bool {
    guard KeyLogLine.isValid(line) else { return false }
    head += PcapNG.decryptionSecrets(line)
    return true
  }

  /// Puts ciphertext into the file, behind the TCP handshake if it is the first. Nothing comes of no bytes, nor of
  /// bytes that a side sends after its end: TCP has no place for them.
  ///
  /// - Parameters:
  ///   - bytes: what went over the wire, as one packet for each 65,495 bytes begun.
  ///   - side: who sent it.
  ///   - time: in nanoseconds since 1970; without a clock any number that grows, such as steps. A time before that of
  ///     the packet before counts as the latter, so that time never runs backwards.
  public mutating func sent(_ bytes: [UInt8], by side: TLSRole, at time: UInt64) {
    guard !bytes.isEmpty, !endedSides.contains(side) else { return }
    connect(at: time)
    for start in stride(from: 0, to: bytes.count, by: TCPFraming.largestSegment) {
      let end = min(start + TCPFraming.largestSegment, bytes.count)
      add(side, [.push, .acknowledgement], bytes[start..<end])
      add(side.peer, .acknowledgement)
    }
  }

  /// Notes that a side ended its direction of the transport: after the close_notify, or cutting the connection short.
  /// A second end is ignored.
  ///
  /// - Parameters:
  ///   - side: who sends nothing any more.
  ///   - time: as in ``sent(_:by:at:)``.
  public mutating func ended(by side: TLSRole, at time: UInt64) {
    guard !endedSides.contains(side) else { return }
    connect(at: time)
    endedSides.insert(side)
    add(side, [.end, .acknowledgement])
    add(side.peer, .acknowledgement)
  }

  /// What was made and not taken yet; the whole file, if nothing was taken before.
  public var bytes: [UInt8] { head + packets }

  /// Takes what was made since the last taking. The pieces, one behind the other, are the file; after each of them it
  /// is complete as far as it goes.
  ///
  /// - Returns: the bytes, empty if there are none.
  public mutating func takeBytes() -> [UInt8] {
    defer {
      head = []
      packets = []
    }
    return bytes
  }

  /// Advances the time, and opens the connection before its first packet (RFC 9293, section 3.5).
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
