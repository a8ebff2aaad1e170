extension Unicode.Scalar {
  /// Whether the scalar shows as itself in a line of text: not a control (C0, C1), a line end, a mark that turns the
  /// direction of writing, a space other than the usual one, or anything else that cannot be seen.
  package var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    case .spaceSeparator: self == " "
    default: !properties.isDefaultIgnorableCodePoint
    }
  }

  /// The scalar as `\u{…}`.
  package var escaped: String { "\\u{" + String(value, radix: 16, uppercase: true) + "}" }
}

extension String {
  /// The text with all that is not printable as `\u{…}`: what a peer or a file put into it can neither begin a line nor
  /// control a terminal. Printable text stays as it is.
  package var printable: String {
    if unicodeScalars.allSatisfy(\.isPrintable) { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isPrintable { text.unicodeScalars.append(scalar) } else { text += scalar.escaped }
    }
  }
}
