import Foundation
import SansIOTLS
import Testing

@testable import SansIOTLSTrace

#if canImport(FoundationXML)
  import FoundationXML
#endif

struct LadderSVGTests {
  @Test(arguments: HostileText.allCases, Ladder.Background.allCases)
  func `it is well-formed XML with any contents`(hostile: HostileText, background: Ladder.Background) throws {
    let svg = LadderTextTests.everywhere(hostile.text).svg(background)
    let document = try #require(Document(svg))
    #expect(document.elements.first == "svg")
    #expect(document.elements.filter { $0 == "svg" }.count == 1)
  }

  @Test(arguments: HostileText.allCases, Ladder.Background.allCases)
  func `it contains no script and no external resource`(hostile: HostileText, background: Ladder.Background) throws {
    let document = try #require(Document(LadderTextTests.everywhere(hostile.text).svg(background)))
    let known: Set = ["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text", "tspan"]
    #expect(known.isSuperset(of: document.elements))
    for (name, value) in document.attributes where name != "xmlns" {
      #expect(!name.hasPrefix("on") && !name.hasSuffix("href"), "\(name)")
      #expect(!value.contains(":") && (!value.contains("url(") || value.hasPrefix("url(#")), "\(value)")
    }
    let style = document.content(of: "style")
    #expect(!style.contains("url(") && !style.contains("@import") && !style.contains("@font-face"))
  }

  @Test func `text that a peer chose has no markup`() throws {
    let name = "<script>alert('1')</script> & \"quotes\" ]]>"
    var script = LadderScript(title: name)
    script.note(name)
    let document = try #require(Document(script.ladder.svg()))
    #expect(document.content(of: "title") == name)
    #expect(document.content(of: "text").contains(name))
  }

  @Test func `what XML forbids is replaced`() {
    #expect(XML.escape("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;")
    #expect(XML.escape("\0\u{1}\u{B}\u{1F}\u{FFFE}\u{FFFF}") == String(repeating: "\u{FFFD}", count: 6))
    #expect(XML.escape("\t\n\r é宽👩\u{FFFD}") == "\t\n\r é宽👩\u{FFFD}")
  }

  @Test func `an error alert is drawn in red, a close_notify is not`() throws {
    var script = LadderScript()
    script.pass(.closeNotify, fatal: false, from: .client)
    #expect(try #require(Document(script.ladder.svg())).classes("g") == ["client"])
    script.pass(.unknownCA, fatal: true, from: .client)
    script.pass(.userCanceled, fatal: false, from: .server)
    #expect(try #require(Document(script.ladder.svg())).classes("g") == ["client", "alert", "alert"])
  }

  @Test func `a failure is drawn in red`() throws {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client, received: .failed(.protocolViolation))
    script.fail(.server, "protocolViolation", "the peer broke the protocol")
    let document = try #require(Document(script.ladder.svg()))
    #expect(document.classes("g") == ["client", "failure"])
    #expect(document.classes("text").contains("failed step"))
  }

  @Test func `a message that was not read ends in a cross, one in transit has no head`() throws {
    var script = LadderScript()
    script.pass(.clientHello, 238, from: .client)
    script.pass(.serverHello, 122, from: .server, reportedBy: .sender)
    script.pass(.certificate, 443, from: .server)
    script.pass(.finished, 52, from: .server, reportedBy: .sender)
    let document = try #require(Document(script.ladder.svg(.light)))
    #expect(
      document.attributes.filter { $0.name == "marker-end" }.map(\.value) == [
        "url(#tls-ladder-light-head-client)", "url(#tls-ladder-light-cross)", "url(#tls-ladder-light-head-server)",
      ])
    #expect(document.attributes.filter { $0.name == "stroke-dasharray" }.count == 1)
  }

  @Test func `the automatic background follows the reader's system, the others do not`() {
    let ladder = LadderScript.handshake().ladder
    #expect(ladder.svg().contains("@media (prefers-color-scheme: dark)"))
    #expect(ladder.svg() == ladder.svg(.automatic))
    #expect(!ladder.svg(.light).contains("@media"))
    #expect(!ladder.svg(.dark).contains("@media"))
    #expect(ladder.svg(.light) != ladder.svg(.dark))
  }

  @Test func `several in one page have separate styles`() throws {
    for background in Ladder.Background.allCases {
      let document = try #require(Document(LadderScript.handshake().ladder.svg(background)))
      let root = "tls-ladder-\(background)"
      #expect(document.classes("svg") == [root])
      let rules = document.content(of: "style").split(separator: "\n").filter { $0 != "}" && !$0.hasPrefix("@") }
      #expect(rules.allSatisfy { $0.hasPrefix(".\(root) ") })
      #expect(document.attributes.filter { $0.name == "id" }.allSatisfy { $0.value.hasPrefix(root) })
    }
  }

  @Test func `it has a summary for screen readers`() throws {
    var script = LadderScript.handshake(title: "a full handshake")
    script.fail(.server, "truncated", "the transport ended")
    let document = try #require(Document(script.ladder.svg()))
    #expect(document.attributes.contains { $0 == ("role", "img") })
    #expect(document.content(of: "title") == "a full handshake")
    let description = document.content(of: "desc")
    #expect(description.contains("Negotiated: TLSv1.3, TLS_AES_256_GCM_SHA384"))
    #expect(description.contains("server failed: truncated"))
  }

  @Test func `texts stay inside, one below the other`() throws {
    let document = try #require(Document(LadderTextTests.everywhere("many words and more").svg()))
    let height = try #require(document.attributes.first { $0.name == "height" }.flatMap { Int($0.value) })
    let middle = document.texts.filter { $0.x == 450 }.map(\.y)
    #expect(zip(middle, middle.dropFirst()).allSatisfy { $0 + 12 <= $1 })
    #expect(document.texts.allSatisfy { $0.y > 12 && $0.y < height - 4 })
  }
}

/// A parsed SVG.
private final class Document: NSObject, XMLParserDelegate {
  private(set) var elements: [String] = []
  private(set) var attributes: [(name: String, value: String)] = []
  private(set) var texts: [(x: Int, y: Int)] = []
  private var classesByElement: [String: [String]] = [:]
  private var contents: [String: String] = [:]
  private var open: [String] = []

  /// Parses the text; fails if it is not well-formed.
  init?(_ text: String) {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func classes(_ element: String) -> [String] { classesByElement[element] ?? [] }

  /// All text of the elements of this name, without that of other elements in them.
  func content(of element: String) -> String { contents[element] ?? "" }

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    open.append(element)
    elements.append(element)
    self.attributes += attributes.map { ($0.key, $0.value) }
    if let name = attributes["class"] { classesByElement[element, default: []].append(name) }
    if element == "text", let x = attributes["x"].flatMap({ Int($0) }), let y = attributes["y"].flatMap({ Int($0) }) {
      texts.append((x, y))
    }
  }

  func parser(_ parser: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    if let element = open.last { contents[element, default: ""] += text }
  }
}
