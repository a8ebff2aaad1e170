/// The command line.
struct Options {
  enum Measure: String, CaseIterable { case time, instructions, allocations, memory, streams, counts, idle, libraries }

  static let help = """
    USAGE: Benchmarks [time] [instructions] [allocations] [memory] [streams] [counts] [idle] [libraries] [options]

    Compares two TLSEngines with the same loop in C against libssl, in one process, one thread, one build; and two
    TLSStreams, in two tasks, with two engines and with their transport alone. Without a measure, all run, each
    in a process of its own. Build with `-c release`.

      time          CPU time, C and Swift in alternating turns; prints ratios, never fails
      instructions  instructions per repetition: the processor's counter, otherwise valgrind
      allocations   heap allocations per repetition, libcrypto's counted separately; Swift's bar is 0
      memory        heap and resident bytes of an idle connection after hibernate(), and the saving of
                    releasesBuffers without it
      streams       CPU time of the process, engines, transports and streams in alternating turns; prints ratios
      counts        heap allocations, tasks and jobs of each stream operation
      idle          heap and resident bytes of hibernating streams beside hibernating engines
      libraries     CPU time and instructions of full handshakes, in the lean library beside the default one; prints
                    ratios, never fails

      --scenario NAME   only this one, for time and instructions: \(Scenario.all.map(\.name).joined(separator: ", "))
      --rounds N        rounds of `time` and `streams`, at least 6 (default 12)
      --connections N   ends for `idle` (default 10000)
      --enforce         exit status 1 if a bar of instructions, allocations, memory, streams or counts is not met
      --help

    For a profile, runs one loop and nothing else:
      valgrind --tool=callgrind Benchmarks --callgrind-scenario NAME --engine c|swift --count N
        (with --engine swift also --library default|lean)
      perf record Benchmarks --layer LAYER --work \(StreamWork.allCases.map(\.rawValue).joined(separator: "|")) --count N
    where LAYER is one of \(StreamLayer.allCases.map(\.rawValue).joined(separator: ", "))
    """

  var measures: [Measure] = []
  var scenarios = Scenario.all
  var rounds = 12
  var connections = 10_000
  var isEnforcing = false
  var isHelp = false
  /// A single scenario for a profile.
  var profiled: Scenario?
  var contestant = Contestant.swift
  var library = Libraries.Library.default
  /// A single layer for a profile.
  var layer: StreamLayer?
  var work = StreamWork.roundTrip
  var count = 1000

  /// - Throws: `Failure` for an unknown argument.
  init(_ arguments: some Sequence<String>) throws {
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      switch argument {
      case "--help", "-h": isHelp = true
      case "--enforce": isEnforcing = true
      case "--scenario": scenarios = [try Self.value(of: argument, rest.next(), Self.scenario)]
      case "--rounds": rounds = try Self.value(of: argument, rest.next()) { Int($0).flatMap { $0 >= 6 ? $0 : nil } }
      case "--callgrind-scenario": profiled = try Self.value(of: argument, rest.next(), Self.scenario)
      case "--engine": contestant = try Self.value(of: argument, rest.next(), Contestant.init(rawValue:))
      case "--library": library = try Self.value(of: argument, rest.next(), Libraries.Library.init(rawValue:))
      case "--connections":
        connections = try Self.value(of: argument, rest.next()) { Int($0).flatMap { $0 > 1 ? $0 : nil } }
      case "--layer": layer = try Self.value(of: argument, rest.next(), StreamLayer.init(rawValue:))
      case "--work": work = try Self.value(of: argument, rest.next(), StreamWork.init(rawValue:))
      case "--count": count = try Self.value(of: argument, rest.next()) { Int($0).flatMap { $0 > 0 ? $0 : nil } }
      default: measures.append(try Self.value(of: "a measure", argument, Measure.init(rawValue:)))
      }
    }
    if measures.isEmpty { measures = Measure.allCases }
  }

  private static func value<Value>(
    of option: String, _ text: String?, _ parse: (String) -> Value?
  ) throws -> Value {
    guard let text else { throw Failure("\(option) needs a value") }
    guard let value = parse(text) else { throw Failure("'\(text)' will not do for \(option); see --help") }
    return value
  }

  private static func scenario(named name: String) -> Scenario? { Scenario.all.first { $0.name == name } }
}
