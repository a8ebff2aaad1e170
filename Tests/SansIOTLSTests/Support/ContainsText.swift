extension [UInt8] {
  /// Whether the UTF-8 of `text` occurs in these bytes.
  func contains(text: String) -> Bool {
    let needle = Array(text.utf8)
    return indices.contains { self[$0...].starts(with: needle) }
  }
}
