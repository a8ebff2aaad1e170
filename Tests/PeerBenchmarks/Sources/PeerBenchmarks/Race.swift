import CCounters

/// Several contestants with the same work in short turns that alternate. The measure is the CPU time of the process,
/// user and system, so that other load affects it little, and all alike.
struct Race {
  private static let turns = 4

  struct Contestant {
    let name: String
    /// Connects and returns the closure of one turn.
    let prepare: () throws -> () throws -> Void
  }

  let scenario: SocketScenario
  let contestants: [Contestant]
  let rounds: Int

  /// Prints each contestant's median rate, and its median ratio to `reference` with the extremes of the rounds.
  func run(reference: String) throws {
    let times = try (0..<rounds).map { round in try measure(from: round) }
    print("\(scenario.name): \(scenario.unit) per CPU second, \(rounds) rounds of \(Self.turns) turns each")
    let referenceIndex = contestants.firstIndex { $0.name == reference }
    for (index, contestant) in contestants.enumerated() {
      let time = times.map { $0[index] }.sorted().median
      var line = "  \(contestant.name): \(Int(Double(scenario.count * Self.turns) / time))"
      if let referenceIndex, referenceIndex != index {
        let ratios = times.map { $0[referenceIndex] / $0[index] }.sorted()
        line += ", ratio \(ratios.median.hundredths) (\(ratios[0].hundredths) to \(ratios[rounds - 1].hundredths))"
      }
      print(line)
    }
  }

  /// Returns each contestant's CPU time of a round, in seconds. None is always first.
  ///
  /// The addresses of buffers change a rate for the life of a connection. Therefore each round has connections of its
  /// own.
  private func measure(from start: Int) throws -> [Double] {
    let turns = try contestants.map { try $0.prepare() }
    // The first turns warm up caches and allocators.
    for turn in turns { try turn() }
    var times = Array(repeating: 0.0, count: contestants.count)
    for place in 0..<(Self.turns * turns.count) {
      // Each contestant has every place in the order equally often.
      let index = (place + place / turns.count + start) % turns.count
      let before = counters_cpu_time()
      try turns[index]()
      times[index] += counters_cpu_time() - before
    }
    return times
  }
}

extension Array<Double> {
  /// Returns the median of a sorted array that is not empty.
  fileprivate var median: Double { (self[(count - 1) / 2] + self[count / 2]) / 2 }
}
