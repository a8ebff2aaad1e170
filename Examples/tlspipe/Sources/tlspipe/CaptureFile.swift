import SansIOTLS
import SansIOTLSTrace
import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A pcapng file, written during the connection.
struct CaptureFile: ~Copyable {
  private let name: NamedFile
  private let side: TLSRole
  private let file: OutputFile
  private var capture: Capture
  private var hasSent = false
  /// libssl reports some secrets at the end of the handshake, and secrets must precede the packets that need them.
  /// Packets after the peer's first answer are therefore buffered until the handshake ends; an engine accepts at most
  /// `limits.handshakeInputByteCount` bytes of them.
  private var keepsBack = false
  private var isHandshakeDone = false
  private var isBroken = false

  /// - Throws: `ExitCode` after reporting that the file cannot be opened.
  init(_ path: String, _ side: TLSRole) throws {
    name = NamedFile("--capture", path)
    self.side = side
    file = try OutputFile(name, isSecret: true)
    capture = Capture(comment: "tlspipe \(side)")
    StandardError.say("warning: --capture writes secrets too; anyone who can read \(path) can decrypt the connection")
  }

  mutating func keyLog(_ line: String) { capture.keyLog(line) }

  mutating func passed(_ ciphertext: RawSpan, _ direction: RelayReport.Direction) {
    // Sound: the bytes are copied before the span ends.
    let bytes = unsafe ciphertext.withUnsafeBytes { unsafe Array($0) }
    capture.sent(bytes, by: sender(direction), at: WallClock.nanoseconds)
    if direction == .sent { hasSent = true } else if hasSent, !isHandshakeDone { keepsBack = true }
  }

  mutating func ended(_ direction: RelayReport.Direction) {
    capture.ended(by: sender(direction), at: WallClock.nanoseconds)
  }

  /// Writes the packets of one iteration of the relay.
  mutating func turned(_ engine: borrowing TLSEngine) {
    if keepsBack {
      if engine.negotiated == nil { return }
      keepsBack = false
      isHandshakeDone = true
    }
    write()
  }

  /// Writes the remaining packets.
  mutating func write() {
    let bytes = capture.takeBytes()
    if isBroken { return }
    do throws(TransportError) {
      try file.write(bytes)
    } catch {
      // The connection continues without the capture.
      isBroken = true
      StandardError.say("\(name): cannot write it any more: \(NamedFile.reason(error.number)); the capture ends here")
    }
  }

  private func sender(_ direction: RelayReport.Direction) -> TLSRole {
    direction == .sent ? side : side.peer
  }
}
