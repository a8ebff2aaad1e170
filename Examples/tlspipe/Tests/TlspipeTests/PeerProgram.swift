import Subprocess
import Testing

/// A program that runs while a test talks to it: by its standard input, and by the lines of what it says.
enum PeerProgram {
  /// Standard output and standard error of the program, line by line.
  struct Lines {
    private var iterator: SubprocessOutputSequence.StringSequence<UTF8>.AsyncIterator
    /// The lines that were read so far.
    private(set) var said: [String] = []

    fileprivate init(_ output: SubprocessOutputSequence) { iterator = output.strings().makeAsyncIterator() }

    /// Reads up to a line that contains a text.
    ///
    /// - Returns: the line, without what precedes the text.
    mutating func next(with text: String) async throws -> String {
      while let line = try await iterator.next() {
        said.append(line)
        if let found = line.firstRange(of: text) { return String(line[found.lowerBound...]).trimmed }
      }
      return try #require(nil, "it ended without \"\(text)\" after \(said)")
    }

    /// Reads the port that the program says: the number after the last colon of the line that contains a text.
    mutating func port(with text: String) async throws -> Int {
      let line = try await next(with: text)
      return try #require(line.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) })
    }
  }

  /// Runs a program, whose input stays open until the body ends.
  static func run<Value: Sendable>(
    _ name: String, _ arguments: [String],
    body: (_ lines: inout Lines, _ input: StandardInputWriter) async throws -> Value
  ) async throws -> Value {
    try await Subprocess.run(
      .name(name), arguments: Arguments(arguments), input: .inputWriter, output: .sequence,
      error: .combinedWithOutput
    ) { execution in
      var lines = Lines(execution.standardOutput)
      do {
        let value = try await body(&lines, execution.standardInputWriter)
        await execution.teardown(using: [])
        return value
      } catch {
        await execution.teardown(using: [])
        throw error
      }
    }.closureResult
  }
}

extension String {
  fileprivate var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
