import Foundation
import Testing

/// The walls of the house, read off the sources: where pointers may be, who may import whom, what lies at the top
/// level.
struct TidyTests {
  @Test
  func `pointers stay inside the folders named OpenSSL`() throws {
    let words = [
      "OpaquePointer", "Unmanaged", "UnsafeRawPointer", "UnsafeMutableRawPointer", "UnsafePointer",
      "UnsafeMutablePointer", "CSansIOTLSOpenSSL", "CSansIOTLSShims", "CSansIOTLSSeededRandom",
    ]
    let folders = ["Sources/SansIOTLS", "Sources/SansIOTLSTrace", "Sources/SansIOTLSTestKit"]
    // An atomic reference of the standard library is an unmanaged one.
    let exempt = "Sources/SansIOTLS/Support/Exchangeable.swift"
    for file in try folders.flatMap({ try SourceFile.all(under: $0) })
    where !file.path.contains("/OpenSSL/") && file.path != exempt {
      for word in words {
        let isMentioned = file.mentions(word)
        #expect(!isMentioned, "\(file.path) mentions \(word)")
      }
    }
  }

  @Test(arguments: [
    ("Sources/SansIOTLS", ["CSansIOTLSOpenSSL", "CSansIOTLSShims", "Synchronization"]),
    (
      "Sources/SansIOTLSTransports",
      ["SansIOTLS", "CSansIOTLSDescriptors", "Synchronization", "Glibc", "Musl", "Darwin", "Android"]
    ),
    ("Sources/SansIOTLSTrace", ["SansIOTLS"]),
    (
      "Sources/SansIOTLSTestKit",
      [
        "SansIOTLS", "SansIOTLSTransports", "SansIOTLSTrace", "CSansIOTLSOpenSSL", "CSansIOTLSShims",
        "CSansIOTLSSeededRandom", "Synchronization", "Glibc", "Musl", "Darwin",
      ]
    ),
    ("Sources/SansIOTLSSwiftTesting", ["SansIOTLSTrace", "SansIOTLSTestKit", "Synchronization", "Testing"]),
    ("Sources/SansIOTLSXCTest", ["SansIOTLSTestKit", "XCTest"]),
  ])
  func `imports flow one way`(folder: String, allowed: [String]) throws {
    let files = try SourceFile.all(under: folder)
    #expect(!files.isEmpty)
    for file in files {
      for module in file.imports {
        #expect(allowed.contains(module), "\(file.path) imports \(module)")
      }
    }
  }

  @Test
  func `C modules are imported internally`() throws {
    for file in try SourceFile.all(under: "Sources") {
      for line in file.lines where line.contains("import CSansIOTLS") {
        #expect(line.trimmingPrefix(while: { $0 == " " }).hasPrefix("internal import "), "\(file.path): \(line)")
      }
    }
  }

  /// If a Swift string is passed to C directly, the compiler makes one of these calls, whatever the code looks like;
  /// the string reaches C up to its first NUL and no further. `withCText` copies, and refuses a NUL.
  @Test
  func `text reaches C through one function`() throws {
    let conversions = ["SS11utf8CString", "SS11withCString"]
    let modules = ["SansIOTLS", "SansIOTLSTransports", "SansIOTLSTrace", "SansIOTLSTestKit"]
    for module in modules {
      let objects = try ObjectFile.all(of: module)
      #expect(objects.count > 1, "\(module) has not been compiled beside these tests")
      // The standard library hands the name of a task to its own C, in a line that is inlined into callers that create
      // a task.
      for object in objects where !object.name.hasPrefix("SansIOTLSTransports/TLSStream") {
        for conversion in conversions {
          let isCalled = object.mentions(conversion)
          #expect(!isCalled, "\(object.name) hands a string to C; use withCText")
        }
      }
    }
    // The search would find one: this very file hands a string to C.
    #expect(unsafe strlen(modules[0]) == 9)
    let own = try ObjectFile.all(of: "TidyTests")
    #expect(own.contains { $0.mentions(conversions[0]) })
  }

  /// C counts many sizes by 32 bits or fewer; a size of the application or of a peer that does not fit would trap.
  @Test
  func `a size is narrowed with a label that says how`() throws {
    let narrowing = try Regex(#"\b(U?Int(8|16|32)|CU?Int)\((?!\w+:)[^)]*([cC]ount|[sS]ize|[lL]ength)\b"#)
    #expect("CInt(bytes.count)".firstMatch(of: narrowing) != nil)
    for file in try SourceFile.all(under: "Sources") {
      for (index, line) in file.lines.enumerated() where !line.contains("///") {
        let isUnchecked = line.firstMatch(of: narrowing) != nil
        #expect(!isUnchecked, "\(file.path):\(index + 1): \(line)")
      }
    }
  }

  @Test
  func `the root manifest depends on no package`() throws {
    let manifest = try SourceFile("Package.swift")
    #expect(!manifest.mentions(".package("))
    #expect(!manifest.mentions("unsafeFlags"))
    #expect(!manifest.mentions("enableExperimentalFeature"))
  }

  @Test
  func `the top level holds what the design names`() throws {
    let allowed: Set<String> = ["Package.swift", "Package.resolved", "Sources", "Tests", "Examples", "README.md"]
    for entry in try FileManager.default.contentsOfDirectory(atPath: SourceFile.root) where !entry.hasPrefix(".") {
      #expect(allowed.contains(entry), "\(entry) does not belong at the top level")
    }
  }

  @Test
  func `the loop in the engine's documentation is the one that is compiled`() throws {
    let loop = try #require(try SourceFile("Examples/embedding/Sources/embedding/Conversation.swift").guideParts.first)
    let text = try SourceFile("Sources/SansIOTLS/TLSEngine.swift").lines.map { line in
      line.hasPrefix("/// ") ? line.dropFirst(4) : line[...]
    }
    let isShown = text.joined(separator: "\n").contains("```swift\n\(loop)\n```")
    #expect(isShown)
  }

  /// The pages that show code, by the examples that compile it.
  private static let guides: [(pages: [String], examples: [String])] = [
    (["Sources/SansIOTLSTestKit/SansIOTLSTestKit.docc/TestingTLS.md"], ["Examples/unit-test"]),
    (["Sources/SansIOTLS/SansIOTLS.docc/Guides/KeysElsewhere.md"], ["Examples/key-agent"]),
    (
      [
        "Sources/SansIOTLSTransports/SansIOTLSTransports.docc/AsyncStream.md",
        "Sources/SansIOTLSTransports/SansIOTLSTransports.docc/LeavingAndNesting.md",
      ], ["Examples/custom-transport", "Examples/starttls"]
    ),
    (
      ["README.md"]
        + [
          "Embedding", "GettingStarted", "TrustAndIdentity", "Revocation", "PreSharedKeys", "AnsweringQuestions",
          "ResumingSessions", "AfterTheHandshake", "EarlyData", "FIPSAndPolicy",
          "LaterLibsslFeatures",
        ].map {
          "Sources/SansIOTLS/SansIOTLS.docc/Guides/\($0).md"
        }, ["Examples/embedding", "Examples/first-connection", "Examples/getting-started"]
    ),
  ]

  @Test(arguments: guides)
  func `the code in the guides is the one that is compiled`(pages: [String], examples: [String]) throws {
    let compiled = try examples.flatMap { example in
      try [SourceFile("\(example)/Package.swift")] + SourceFile.all(under: "\(example)/Sources")
        + SourceFile.all(under: "\(example)/Tests")
    }.flatMap(\.guideParts)
    let shown = try pages.flatMap { try SourceFile($0).swiftBlocks }
    #expect(!shown.isEmpty)
    for part in compiled { #expect(shown.contains(part), "no guide shows\n\(part)") }
    for part in shown { #expect(compiled.contains(part), "no example compiles\n\(part)") }
  }

  @Test
  func `every page that shows code is compared with an example`() throws {
    let compared = Self.guides.flatMap(\.pages)
    for page in try SourceFile.all(under: "Sources", ending: ".md") where !page.swiftBlocks.isEmpty {
      #expect(compared.contains(page.path), "\(page.path) shows code that nothing compiles")
    }
  }

  @Test
  func `every page is reached from the page of its module`() throws {
    for page in try SourceFile.all(under: "Sources", ending: ".md") {
      let parts = page.path.split(separator: "/").map(String.init)
      let (module, name) = (parts[1], String(parts[parts.count - 1].dropLast(3)))
      // A page that begins with a symbol adds to the symbol's own.
      if name == module || page.lines[0].hasPrefix("# ``") { continue }
      let root = try SourceFile("Sources/\(module)/\(module).docc/\(module).md")
      let isListed = root.lines.contains("- <doc:\(name)>")
      #expect(isListed, "\(root.path) does not list \(name)")
    }
  }

  @Test
  func `no work is left marked in the sources`() throws {
    // Split, so that this file does not find itself.
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    for file in try SourceFile.all(under: "Sources") + SourceFile.all(under: "Tests")
      + SourceFile.all(under: "Examples")
    {
      for mark in marks {
        let isMarked = file.mentionsWord(mark)
        #expect(!isMarked, "\(file.path) holds \(mark)")
      }
    }
  }

  @Test
  func `an unchecked conformance gives its reason beside it`() throws {
    for file in try SourceFile.all(under: "Sources") {
      for (index, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") && !line.contains("///") {
        let before = file.lines[max(0, index - 12)..<index].joined()
        #expect(before.contains("`@unchecked"), "\(file.path):\(index + 1) gives no reason")
      }
    }
  }

  @Test
  func `public declarations of the libraries are documented`() throws {
    let declaration = try Regex(#"^\s*(@\w+(\([^)]*\))?\s+)*public (?!import|extension)"#)
    for file in try SourceFile.all(under: "Sources") {
      for (index, line) in file.lines.enumerated() where line.firstMatch(of: declaration) != nil {
        var above = index - 1
        while above >= 0,
          ["@", "#if ", "#endif"].contains(where: file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix)
        {
          above -= 1
        }
        let comment = above >= 0 ? file.lines[above].trimmingCharacters(in: .whitespaces) : ""
        #expect(comment.hasPrefix("///"), "\(file.path):\(index + 1) has no documentation: \(line)")
      }
    }
  }
}
