import CCounters

/// The CPU time of the process for the same work at each layer, in short alternating turns, so that other load affects
/// all of them.
struct StreamTiming {
  let rounds: Int
  /// The length of a turn in nanoseconds of CPU time.
  private let turn: Int64 = 25_000_000
  /// The number of turns of each layer in a round.
  private let turns = 4
  /// The number of idle streams.
  private static let idleCount = 5000

  init(rounds: Int) { self.rounds = rounds }

  /// The nanoseconds of CPU time per repetition at each layer, in one round.
  private typealias Round = [StreamLayer: Double]

  /// A ratio of two rates, or of a rate and what two rates allow together.
  private struct Bar {
    let name: String
    let least: Double?
    /// Calculates the ratio from the times of a repetition.
    let ratio: (Round) -> Double
  }

  private static func bars(_ work: StreamWork) -> [Bar] {
    let isRoundTrip = work == .roundTrip
    return [
      Bar(name: "stream in memory / engines", least: isRoundTrip ? 1 / 3 : 0.8) { $0[.engines]! / $0[.memorySpans]! },
      Bar(name: "stream over sockets / transport alone", least: isRoundTrip ? 0.7 : nil) {
        $0[.sockets]! / $0[.socketsSpans]!
      },
      Bar(name: "stream over sockets / engines and transport together", least: isRoundTrip ? nil : 0.8) {
        ($0[.engines]! + $0[.sockets]!) / $0[.socketsSpans]!
      },
      Bar(name: "stream over sockets, arrays / spans", least: nil) { $0[.socketsSpans]! / $0[.socketsTLS]! },
    ]
  }

  /// Prints the rates of the layers, and a row per ratio.
  ///
  /// The ratio is the median of the rounds' ratios; the scatter is their minimum and maximum.
  ///
  /// - Returns: Whether every bar was met.
  func run(_ credentials: Credentials) async throws -> Bool {
    let contexts = try EngineContexts.streams(credentials)
    var rates = Table(["per CPU second of the process"] + StreamWork.allCases.map(\.name))
    var ratios = Table(["ratio", "median", "scatter", "bar", "result"])
    var cells = StreamLayer.allCases.map { [$0.name] }
    var isKept = true
    func append(_ name: String, _ values: [Double], _ least: Double?) {
      let values = values.sorted()
      let isMet = least.map { values.median >= $0 }
      isKept = isKept && isMet != false
      ratios.append([
        name, values.median.fixed(3), "\(values[0].fixed(3))…\(values[values.count - 1].fixed(3))",
        least.map { ">= \($0.fixed(2))" } ?? "", isMet.map { $0 ? "ok" : "BELOW" } ?? "",
      ])
    }
    for work in StreamWork.allCases {
      let results = try await measureLayers(work, contexts)
      for (index, layer) in StreamLayer.allCases.enumerated() {
        cells[index].append(work.rate(1e9 / results.map { $0[layer]! }.sorted().median))
      }
      for bar in Self.bars(work) { append("\(work.name): \(bar.name)", results.map(bar.ratio), bar.least) }
    }
    for row in cells { rates.append(row) }
    let idle = try await measureIdle(contexts)
    append("64-byte round trips: stream beside \(Self.idleCount) idle streams / without them", idle, 0.9)
    print("AES-128-GCM, \(rounds) rounds of \(turns) turns of 25 ms of CPU time at each layer")
    rates.print()
    ratios.print()
    return isKept
  }

  /// Measures the layers in turns: forwards, backwards, …, so that none is always first. Each round has connections of
  /// its own, because the addresses of buffers change a bulk rate for the life of a connection.
  private func measureLayers(_ work: StreamWork, _ contexts: EngineContexts) async throws -> [Round] {
    var counts: [StreamLayer: Int] = [:]
    for layer in StreamLayer.allCases { counts[layer] = try await repetitions(layer.loop(for: work, contexts)) }
    var results: [Round] = []
    for _ in 0..<rounds {
      var loops: [(StreamLayer, any StreamLoop)] = []
      for layer in StreamLayer.allCases { loops.append((layer, try await layer.loop(for: work, contexts))) }
      for (layer, loop) in loops { _ = try await measure(loop, max(1, counts[layer]! / 4)) }
      var times: Round = [:]
      for turn in 0..<turns {
        for (layer, loop) in turn.isMultiple(of: 2) ? loops : loops.reversed() {
          times[layer, default: 0] += try await measure(loop, counts[layer]!) / Double(turns)
        }
      }
      results.append(times)
    }
    return results
  }

  /// Measures the round trips of one stream without idle ones, beside them, and without them again.
  ///
  /// - Returns: The ratio of each round.
  private func measureIdle(_ contexts: EngineContexts) async throws -> [Double] {
    guard SocketPair.raiseLimit() > 3 * Self.idleCount + 100 else {
      throw Failure("\(Self.idleCount) idle streams need \(3 * Self.idleCount + 100) descriptors")
    }
    // Few: a wait whose cost grows with the descriptors would take minutes.
    let count = try await max(1, repetitions(StreamLayer.socketsSpans.loop(for: .roundTrip, contexts)) / 4)
    var results: [Double] = []
    for _ in 0..<rounds {
      let loop = try await StreamLayer.socketsSpans.loop(for: .roundTrip, contexts)
      func measureTurns() async throws -> Double {
        _ = try await measure(loop, max(1, count / 4))
        var time = 0.0
        for _ in 0..<turns { time += try await measure(loop, count) }
        return time
      }
      var alone = try await measureTurns()
      let idle = try await IdleStreams(Self.idleCount, contexts)
      let beside = try await measureTurns()
      await idle.close()
      alone += try await measureTurns()
      results.append(alone / 2 / beside)
    }
    return results
  }

  /// Returns the number of repetitions that fill a turn.
  private func repetitions(_ loop: any StreamLoop) async throws -> Int {
    var count = 1
    while true {
      let time = try await measure(loop, count) * Double(count)
      if time > Double(turn) / 2 { return max(1, Int(Double(count) * Double(turn) / time)) }
      count *= 2
    }
  }

  /// Returns the nanoseconds of CPU time per repetition.
  private func measure(_ loop: any StreamLoop, _ count: Int) async throws -> Double {
    let start = counters_process_cpu_time()
    try await loop.run(count)
    return Double(counters_process_cpu_time() - start) / Double(count)
  }
}
