import SansIOTLS

@testable import SansIOTLSTrace

/// A conversation without engines: the messages that each side traces.
struct LadderScript {

  private(set) var ladder: Ladder

  init(title: String = "") { ladder = Ladder(title: title) }

  /// The sides that report a message.
  enum Reporters { case both, sender, receiver }

  /// A handshake message in a record of its own.
  mutating func pass(
    _ type: TLSTracedMessage.HandshakeType, _ size: Int, from sender: TLSRole, encrypted: Bool = false,
    reportedBy reporters: Reporters = .both,
    sent: TLSTracedMessage.CallOutcome? = nil, received: TLSTracedMessage.CallOutcome? = nil
  ) {
    let wireSize = size + (encrypted ? 22 : 5)
    for (side, direction, rest) in accounts(reporters, from: sender, sent, received) {
      ladder.note(side, TLSTracedMessage(.record(.handshake), direction, size: wireSize, isEncrypted: encrypted))
      ladder.note(
        side, TLSTracedMessage(.handshake(type), direction, size: size, isEncrypted: encrypted, callOutcome: rest))
    }
  }

  /// A ChangeCipherSpec, which a receiver in TLS 1.3 reports by its record alone.
  mutating func passChangeCipherSpec(
    from sender: TLSRole, reportedBy reporters: Reporters = .both, received: TLSTracedMessage.CallOutcome? = nil
  ) {
    for (side, direction, rest) in accounts(reporters, from: sender, nil, received) {
      ladder.note(
        side, TLSTracedMessage(.record(.changeCipherSpec), direction, size: 6, isEncrypted: false, callOutcome: rest))
      if direction == .sent {
        ladder.note(side, TLSTracedMessage(.changeCipherSpec, direction, size: 1, isEncrypted: false))
      }
    }
  }

  mutating func pass(
    _ alert: TLSAlert, fatal: Bool, from sender: TLSRole, encrypted: Bool = true,
    reportedBy reporters: Reporters = .both,
    sent: TLSTracedMessage.CallOutcome? = nil, received: TLSTracedMessage.CallOutcome? = nil
  ) {
    for (side, direction, rest) in accounts(reporters, from: sender, sent, received) {
      ladder.note(
        side, TLSTracedMessage(.record(.alert), direction, size: encrypted ? 24 : 7, isEncrypted: encrypted))
      ladder.note(
        side,
        TLSTracedMessage(.alert(alert, isFatal: fatal), direction, size: 2, isEncrypted: encrypted, callOutcome: rest))
    }
  }

  /// A record of application data.
  mutating func passData(
    _ size: Int, from sender: TLSRole, reportedBy reporters: Reporters = .both,
    received: TLSTracedMessage.CallOutcome? = nil
  ) {
    for (side, direction, rest) in accounts(reporters, from: sender, .done, received) {
      ladder.note(
        side, TLSTracedMessage(.record(.applicationData), direction, size: size, isEncrypted: true, callOutcome: rest))
    }
  }

  mutating func note(_ remark: String) { ladder.note(remark) }

  mutating func agree(_ parts: [String], _ sides: [TLSRole] = [.client, .server]) {
    for side in sides { ladder.note(side, Ladder.Agreement(parts: parts)) }
  }

  mutating func fail(_ side: TLSRole, _ code: String, _ hint: String, alerts: [String] = []) {
    ladder.note(side, Ladder.Failure(code: code, hint: hint, alerts: alerts))
  }

  private func accounts(
    _ reporters: Reporters, from sender: TLSRole, _ sent: TLSTracedMessage.CallOutcome?,
    _ received: TLSTracedMessage.CallOutcome?
  ) -> [(TLSRole, TLSTracedMessage.Direction, TLSTracedMessage.CallOutcome?)] {
    var accounts: [(TLSRole, TLSTracedMessage.Direction, TLSTracedMessage.CallOutcome?)] = []
    if reporters != .receiver { accounts.append((sender, .sent, sent)) }
    if reporters != .sender { accounts.append((sender.peer, .received, received)) }
    return accounts
  }

  /// A full TLS 1.3 handshake as both sides report it: all messages of one call at a time.
  static func handshake(title: String = "") -> LadderScript {
    var script = LadderScript(title: title)
    script.pass(.clientHello, 238, from: .client, sent: .needsFeed)
    let flight: [(TLSTracedMessage.HandshakeType, Int)] = [
      (.encryptedExtensions, 10), (.certificate, 443), (.certificateVerify, 80), (.finished, 52),
    ]
    for reporter in [Reporters.sender, .receiver] {
      script.pass(.serverHello, 122, from: .server, reportedBy: reporter)
      script.passChangeCipherSpec(from: .server, reportedBy: reporter)
      for (type, size) in flight {
        let isLast = type == .finished
        script.pass(type, size, from: .server, encrypted: true, reportedBy: reporter, sent: isLast ? .needsFeed : nil)
      }
    }
    for reporter in [Reporters.sender, .receiver] {
      script.passChangeCipherSpec(from: .client, reportedBy: reporter)
      script.pass(.finished, 52, from: .client, encrypted: true, reportedBy: reporter, sent: .done)
      if reporter == .sender {
        script.agree(["TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519", "SNI localhost"], [.client])
      }
    }
    script.pass(.newSessionTicket, 249, from: .server, encrypted: true, reportedBy: .sender, sent: .done)
    script.agree(["TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519", "SNI localhost"], [.server])
    script.pass(.newSessionTicket, 249, from: .server, encrypted: true, reportedBy: .receiver, received: .needsFeed)
    return script
  }
}

extension Ladder {
  /// The arrows of the diagram, in words: `client ClientHello, 238 bytes`, and their marks.
  var arrows: [String] {
    rows.compactMap { row in
      guard case .arrow(let arrow) = row else { return nil }
      var text = "\(arrow.sender) \(arrow.name), \(arrow.size)"
      if arrow.isForeign { text += " foreign" }
      if arrow.ending != .arrives { text += " \(arrow.ending)" }
      if let detail = arrow.detail { text += " (\(detail))" }
      return text
    }
  }

  /// The steps of each arrow, as `client-server`.
  var steps: [String] {
    rows.compactMap { row in
      guard case .arrow(let arrow) = row else { return nil }
      return "\(arrow.steps.client?.rawValue ?? "")-\(arrow.steps.server?.rawValue ?? "")"
    }
  }
}
