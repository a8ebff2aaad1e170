internal import SansIOTLS

extension Ladder {
  /// An observation of one side: a message with the records that carried it, or a record of application data.
  struct Observation: Sendable {
    let content: TLSTracedMessage.Content
    /// In bytes: of the message, or of the record if nothing else is known.
    let size: Int
    let isEncrypted: Bool
    /// The records that carried it and nothing before it.
    let records: Int
    /// The bytes of these records on the wire.
    let wireSize: Int
    /// The identities of pre-shared keys that it shows.
    let identities: [[UInt8]]

    /// Whether both ends observed the same.
    func equals(_ other: Observation) -> Bool { content == other.content && size == other.size }

    /// Whether both ends may have observed the same, which was altered on its way or did not decrypt.
    func resembles(_ other: Observation) -> Bool {
      wireSize > 0 && wireSize == other.wireSize || content == other.content
    }
  }

  /// A message that passed from one side to the other, or should have; or consecutive application data as one.
  struct Exchange: Sendable {
    let sender: TLSRole
    /// As observed by the end that reported it first, which is usually the sender.
    let content: TLSTracedMessage.Content
    let isEncrypted: Bool
    /// The identities of pre-shared keys that it shows.
    let identities: [[UInt8]]
    /// The end that reported it first.
    let origin: TLSTracedMessage.Direction
    /// The number that the sender reported; 0 if no side sent it.
    var sent = 0
    /// The number that the receiver reported.
    var received = 0
    var size = 0
    var records = 0
    var wireSize = 0
    /// Whether the receiver reported what was sent later.
    var isOvertaken = false
    /// The receiver's observation, if it differs.
    var alteration: Observation?
    /// The steps that it caused on each side.
    var steps = PerSide<Step?>(client: nil, server: nil)

    init(_ observation: Observation, end: TLSTracedMessage.Direction, from sender: TLSRole) {
      self.sender = sender
      content = observation.content
      isEncrypted = observation.isEncrypted
      identities = observation.identities
      origin = end
      add(observation)
    }

    /// The number of its records or messages.
    var count: Int { max(sent, received) }

    var isApplicationData: Bool { content == .record(.applicationData) }

    /// Whether an observation belongs to the same line of application data.
    func continues(with observation: Observation, end: TLSTracedMessage.Direction, from sender: TLSRole) -> Bool {
      isApplicationData && observation.content == content && observation.isEncrypted == isEncrypted && end == origin
        && sender == self.sender && alteration == nil && !isOvertaken
    }

    mutating func add(_ observation: Observation) {
      size += observation.size
      records += observation.records
      wireSize += observation.wireSize
      confirm(by: origin)
    }

    /// Counts a report of this end.
    mutating func confirm(by end: TLSTracedMessage.Direction) {
      switch end {
      case .sent: sent += 1
      case .received: received += 1
      }
    }
  }

  /// One direction of the conversation: pairs the reports of the sender with those of the receiver, in order.
  struct DirectionPairing: Sendable {
    /// An observation that one end reported, and the number of its line.
    private struct Reported: Sendable {
      let number: Int
      let observation: Observation
    }

    /// The reports of one end that have none of the other end yet. Beyond the limit the oldest stay unpaired.
    private struct Unpaired: Sendable {
      static let limit = 4_096

      private var waiting = FIFO<Reported>()

      /// The position of the first report that fits.
      func firstIndex(where fits: (Observation) -> Bool) -> Int? {
        (0..<min(waiting.count, DirectionPairing.reach)).first { fits(waiting[$0].observation) }
      }

      var first: Reported? { waiting.isEmpty ? nil : waiting[0] }

      mutating func append(_ number: Int, _ observation: Observation) {
        if waiting.count == Self.limit { _ = waiting.popFirst() }
        waiting.append(Reported(number: number, observation: observation))
      }

      mutating func removeFirst() -> Reported { waiting.popFirst()! }
    }

    /// The number of lost messages that may lie before one that arrived.
    private static let reach = 32

    private var sent = Unpaired()
    private var received = Unpaired()

    /// Notes what one end reported: with the other end's report of it, or as new.
    ///
    /// - Parameters:
    ///   - observation: The observation.
    ///   - end: The end that reported it.
    ///   - sender: The side that sends in this direction.
    ///   - log: Holds the exchanges.
    /// - Returns: The number of the exchange.
    mutating func note(
      _ observation: Observation, end: TLSTracedMessage.Direction, from sender: TLSRole, in log: inout EntryLog
    ) -> Int {
      if end == .sent {
        if let number = Self.pair(observation, with: &received, end: end, in: &log) { return number }
      } else {
        if let number = Self.pair(observation, with: &sent, end: end, in: &log) { return number }
      }
      let number = record(observation, end: end, from: sender, in: &log)
      if end == .sent { sent.append(number, observation) } else { received.append(number, observation) }
      return number
    }

    /// Pairs an observation with a report of the other end. Reports before that one stay unpaired.
    ///
    /// - Returns: The number of the exchange; `nil` if there is none.
    private static func pair(
      _ observation: Observation, with others: inout Unpaired, end: TLSTracedMessage.Direction, in log: inout EntryLog
    ) -> Int? {
      if let match = others.firstIndex(where: { $0.equals(observation) }) {
        for _ in 0..<match { log[exchange: others.removeFirst().number]?.isOvertaken = true }
      } else if end == .received, let first = others.first, first.observation.resembles(observation) {
        log[exchange: first.number]?.alteration = observation
      } else {
        return nil
      }
      let number = others.removeFirst().number
      log[exchange: number]?.confirm(by: end)
      return number
    }

    /// Adds application data to the line before it if that is one of the same, and anything else as a new line.
    private func record(
      _ observation: Observation, end: TLSTracedMessage.Direction, from sender: TLSRole, in log: inout EntryLog
    ) -> Int {
      let last = log.count - 1
      if log[exchange: last]?.continues(with: observation, end: end, from: sender) == true {
        log[exchange: last]?.add(observation)
        return last
      }
      log.append(.exchange(Exchange(observation, end: end, from: sender)))
      return last + 1
    }
  }
}
