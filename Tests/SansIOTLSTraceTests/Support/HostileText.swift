/// Texts that a hostile peer could choose.
enum HostileText: CaseIterable {
  case none, space, tab, lines, controls, directions, long, wordy, wide, joined, combining, forbidden, markup

  var text: String {
    switch self {
    case .none: ""
    case .space: " "
    case .tab: "\t"
    case .lines: "two\nlines\r\nor\u{2028}more"
    case .controls: "\u{1B}[31mred\u{1B}[0m \u{9B}2J \u{7}"
    case .directions: "\u{202E}backwards\u{2066}"
    case .long: String(repeating: "W", count: 5_000)
    case .wordy: String(repeating: "many words ", count: 500)
    case .wide: String(repeating: "宽", count: 300)
    case .joined: "👩‍👩‍👧‍👦 family"
    case .combining: "e\u{301}\u{301}\u{301} combining"
    case .forbidden: "\0\u{FFFE}\u{FFFF}\u{FEFF}"
    case .markup: "<script>alert('1')</script> & \"quotes\" ]]> <!-- -->"
    }
  }
}
