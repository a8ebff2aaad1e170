extension Ladder {
  /// What an SVG is drawn for.
  public enum Background: String, Sendable, Hashable, CaseIterable {
    /// Light or dark, as the reader's system prefers (`prefers-color-scheme`); light where nobody says.
    case automatic
    /// Always light.
    case light
    /// Always dark.
    case dark
  }
}
