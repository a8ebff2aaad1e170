internal import SansIOTLS

extension Tape: CustomStringConvertible {
  /// The error of parsing text that is not a tape, or not one of this version.
  public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, counted from 1.
    public let line: Int
    /// The text expected there.
    public let expected: String

    /// A description of both.
    public var description: String { "line \(line) of the tape: expected \(expected)" }
  }

  private static let heading = "SansIOTLS tape 1"

  /// The tape as text, with a line break at the end. ``init(parsing:)`` reads it.
  public var description: String {
    var text = "\(Self.heading)\nseed \(seed)\n"
    for (name, value) in setup.sorted(by: { $0.key < $1.key }) { text += "setup \(name) \(value)\n" }
    for entry in entries { text += "\(entry)\n" }
    return text
  }

  /// Reads a tape from its text.
  ///
  /// - Parameter text: The text, as returned by ``description``.
  /// - Throws: ``Malformed`` with the first line that does not belong to a tape.
  public init(parsing text: String) throws(Malformed) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    func malformed(_ index: Int, _ expected: String) -> Malformed { Malformed(line: index + 1, expected: expected) }
    guard lines.first.map({ $0 == Self.heading }) == true else { throw malformed(0, "\"\(Self.heading)\"") }
    guard lines.count > 1, lines[1].hasPrefix("seed "), let seed = UInt64(lines[1].dropFirst(5)) else {
      throw malformed(1, "\"seed\" and a number")
    }
    self.init(seed: seed)
    for (index, line) in lines.enumerated().dropFirst(2) where !(line.isEmpty && index == lines.count - 1) {
      if line.hasPrefix("setup ") {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { throw malformed(index, "\"setup\", a name and a value") }
        setup[String(words[1])] = String(words[2])
      } else if let entry = Entry(parsing: line) {
        append(entry)
      } else {
        throw malformed(index, "a side, a call, \"=\" and an outcome")
      }
    }
  }
}

extension Tape.Entry: CustomStringConvertible {
  /// The entry as a line of a tape, without line break.
  public var description: String { "\(side) \(call) = \(outcome)" }

  fileprivate init?(parsing line: Substring) {
    // An outcome may contain the sign, but no call does.
    guard let sign = line.firstIndex(of: "=") else { return nil }
    let words = line[..<sign].split(separator: " ")
    guard let side = TLSRole.allCases.first(where: { words.first.map(String.init) == "\($0)" }),
      let call = Tape.Call(parsing: words.dropFirst()),
      let outcome = Tape.Outcome(parsing: line[line.index(after: sign)...].drop { $0 == " " })
    else { return nil }
    self.init(side: side, call: call, outcome: outcome)
  }
}

extension Tape.Call: CustomStringConvertible {
  /// The call as on a tape, for example `read 65536`.
  public var description: String {
    switch self {
    case .feed(let bytes): "feed \(Hexadecimal.text(bytes))"
    case .feedEOF: "feedEOF"
    case .drain: "drain"
    case .write(let bytes): "write \(Hexadecimal.text(bytes))"
    case .read(let count): "read \(count)"
    case .writeEarly(let bytes): "writeEarly \(Hexadecimal.text(bytes))"
    case .readEarly(let count): "readEarly \(count)"
    case .close: "close"
    case .keyUpdate(let requestingPeer): requestingPeer ? "keyUpdate requested" : "keyUpdate"
    case .reportIdle: "reportIdle"
    case .requestClientCertificate(let isRequired):
      isRequired ? "requestClientCertificate required" : "requestClientCertificate"
    case .answer(.refuse(let alert)): "answer refuse \(alert.rawValue)"
    case .answer(.distrust(let alert)): "answer distrust \(alert.rawValue)"
    case .answer(let reply): "answer \(reply)"
    case .takeTrailingInput: "takeTrailingInput"
    case .hibernate: "hibernate"
    }
  }

  fileprivate init?(parsing words: ArraySlice<Substring>) {
    let words = Array(words)
    func bytes() -> [UInt8]? { words.count == 1 ? [] : words.count == 2 ? Hexadecimal.bytes(words[1]) : nil }
    switch (words.first, words.count) {
    case ("feed", _): if let bytes = bytes() { self = .feed(bytes) } else { return nil }
    case ("write", _): if let bytes = bytes() { self = .write(bytes) } else { return nil }
    case ("read", 2): if let count = Int(words[1]) { self = .read(upTo: count) } else { return nil }
    case ("writeEarly", _): if let bytes = bytes() { self = .writeEarly(bytes) } else { return nil }
    case ("readEarly", 2): if let count = Int(words[1]) { self = .readEarly(upTo: count) } else { return nil }
    case ("feedEOF", 1): self = .feedEOF
    case ("drain", 1): self = .drain
    case ("close", 1): self = .close
    case ("keyUpdate", 1): self = .keyUpdate(requestingPeer: false)
    case ("keyUpdate", 2) where words[1] == "requested": self = .keyUpdate(requestingPeer: true)
    case ("reportIdle", 1): self = .reportIdle
    case ("requestClientCertificate", 1): self = .requestClientCertificate(isRequired: false)
    case ("requestClientCertificate", 2) where words[1] == "required":
      self = .requestClientCertificate(isRequired: true)
    case ("takeTrailingInput", 1): self = .takeTrailingInput
    case ("hibernate", 1): self = .hibernate
    case ("answer", 2):
      let reply = Tape.Reply.withoutAlert.first { "\($0)" == words[1] }
      guard let reply = reply ?? Tape.Reply(parsingKeys: words[1]) else { return nil }
      self = .answer(reply)
    case ("answer", 3) where ["refuse", "distrust"].contains(words[1]):
      guard let alert = UInt8(words[2]).map(TLSAlert.init(rawValue:)) else { return nil }
      self = .answer(words[1] == "refuse" ? .refuse(alert) : .distrust(alert))
    default: return nil
    }
  }
}

extension Tape.Reply: CustomStringConvertible {
  fileprivate static let withoutAlert: [Tape.Reply] = [
    .serve, .serveOther, .serveDecidingEarlyData(byOther: false, accepts: true),
    .serveDecidingEarlyData(byOther: false, accepts: false), .serveDecidingEarlyData(byOther: true, accepts: true),
    .serveDecidingEarlyData(byOther: true, accepts: false), .followVerification, .trust, .presentOther,
    .presentConfigured, .presentNothing,
  ]

  private static func serving(byOther: Bool, acceptsEarlyData: Bool?) -> String {
    let early = acceptsEarlyData.map { $0 ? ",acceptEarlyData" : ",rejectEarlyData" } ?? ""
    return (byOther ? "serveOther" : "serve") + early
  }

  /// Reads an answer that accepts pre-shared keys: `serve,preSharedKey:` and an identity in hexadecimal, once or more.
  fileprivate init?(parsingKeys word: Substring) {
    let mark = ",preSharedKey:"
    guard let start = word.firstRange(of: mark)?.lowerBound else { return nil }
    var identities: [[UInt8]] = []
    for identity in word[start...].split(separator: mark) {
      guard let bytes = Hexadecimal.bytes(identity) else { return nil }
      identities.append(bytes)
    }
    let served = word[..<start]
    for byOther in [false, true] {
      for accepts in [nil, true, false] where served == Self.serving(byOther: byOther, acceptsEarlyData: accepts) {
        self = .serveAcceptingKeys(of: identities, byOther: byOther, acceptsEarlyData: accepts)
        return
      }
    }
    return nil
  }

  /// The answer in words, for example `distrust access_denied`.
  public var description: String {
    switch self {
    case .serve: "serve"
    case .serveOther: "serveOther"
    case .serveDecidingEarlyData(let byOther, let accepts):
      Self.serving(byOther: byOther, acceptsEarlyData: accepts)
    case .serveAcceptingKeys(let identities, let byOther, let accepts):
      Self.serving(byOther: byOther, acceptsEarlyData: accepts)
        + identities.map { ",preSharedKey:\(Hexadecimal.text($0))" }.joined()
    case .refuse(let alert): "refuse \(alert)"
    case .followVerification: "followVerification"
    case .trust: "trust"
    case .distrust(let alert): "distrust \(alert)"
    case .presentOther: "presentOther"
    case .presentConfigured: "presentConfigured"
    case .presentNothing: "presentNothing"
    }
  }
}

extension Tape.Outcome: CustomStringConvertible {
  /// The outcome as on a tape, for example `accepted 297`.
  public var description: String {
    switch self {
    case .accepted(let count): "accepted \(count)"
    case .bytes(let bytes): "bytes \(Hexadecimal.text(bytes))"
    case .step(let step): "step \(step)"
    case .threw(let text): "threw \(text)"
    }
  }

  fileprivate init?(parsing text: Substring) {
    let words = text.split(separator: " ", maxSplits: 1)
    let rest = words.count == 2 ? words[1] : ""
    switch words.first {
    case "accepted": if let count = Int(rest) { self = .accepted(count) } else { return nil }
    case "bytes": if let bytes = Hexadecimal.bytes(rest) { self = .bytes(bytes) } else { return nil }
    case "step": self = .step(String(rest))
    case "threw": self = .threw(String(rest))
    default: return nil
    }
  }
}
