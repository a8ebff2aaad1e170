import SansIOTLS
import SansIOTLSTestKit

/// Runs the input as a script on a connected pair. Regardless of the link, the plaintext that a side reads must be a
/// prefix of the plaintext written by the other; an error must be caused by the peer or the script.
func fuzzConversation(_ input: [UInt8]) {
  guard input.count > 2 else { return }
  var limits = TLSEngine.Limits()
  limits.bufferByteCount = 64 + Int(input[0]) * 8
  limits.pendingOutputByteCount = 1 + Int(input[1]) * 64
  var pair = try! EnginePair(client: Shared.client, server: Shared.server, limits: limits)
  do { try pair.handshake(limit: 100_000) } catch { preconditionFailure("\(error)") }
  var ends = [End(), End()]
  var position = 2
  func next() -> Int {
    defer { position += 1 }
    return position < input.count ? Int(input[position]) : 0
  }
  while position < input.count {
    let operation = next()
    let side = operation & 1
    var random = SplitMix(seed: UInt64(operation) << 32 | UInt64(position))
    switch (operation >> 1) & 7 {
    case 0, 1:
      let bytes = (0..<next() * 16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      if case .done(let count)? = try? pair.write(bytes[...], from: side == 0 ? .client : .server) {
        ends[side].written += bytes.prefix(count)
      }
    case 2:
      var moved = side == 0 ? pair.client.drain() : pair.server.drain()
      if operation & 0x80 != 0, !moved.isEmpty { moved[next() % moved.count] ^= UInt8(truncatingIfNeeded: next()) }
      ends[side].underway += moved
    case 3:
      let piece = ends[side].underway.prefix(1 + next() * 8)
      let accepted = side == 0 ? try? pair.server.feed(piece) : try? pair.client.feed(piece)
      ends[side].underway.removeFirst(accepted ?? piece.count)
    case 4:
      let reader = side == 0 ? TLSRole.client : .server
      if case .done(let bytes)? = try? pair.read(at: reader, upTo: 1 + next() * 4) {
        ends[side].read += bytes
        precondition(ends[1 - side].written.starts(with: ends[side].read), "plaintext is genuine and in order")
      }
    case 5: _ = side == 0 ? try? pair.client.closeWriting() : try? pair.server.closeWriting()
    case 6:
      if operation & 0x80 != 0 {
        if side == 0 { pair.client.feedEOF() } else { pair.server.feedEOF() }
      } else {
        _ =
          side == 0
          ? try? pair.client.keyUpdate(requestingPeer: true) : try? pair.server.keyUpdate(requestingPeer: true)
      }
    default:
      if side == 0 { pair.client.hibernate() } else { pair.server.hibernate() }
    }
    for pending in [pair.client.pendingOutputByteCount, pair.server.pendingOutputByteCount] {
      precondition(pending <= limits.pendingOutputByteCount + 16_640 + 64 * 1024, "pending output is bounded")
    }
  }
}

private struct End {
  var written: [UInt8] = []
  var underway: [UInt8] = []
  var read: [UInt8] = []
}
