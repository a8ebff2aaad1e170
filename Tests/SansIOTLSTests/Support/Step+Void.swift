import SansIOTLS

extension TLSEngine.Step where Value == Void {
  static var done: TLSEngine.Step<Void> { .done(()) }

  static func == (left: TLSEngine.Step<Void>, right: TLSEngine.Step<Void>) -> Bool {
    switch (left, right) {
    case (.done, .done), (.needsFeed, .needsFeed), (.needsDrain, .needsDrain), (.needsAnswer, .needsAnswer),
      (.endOfStream, .endOfStream):
      true
    default: false
    }
  }
}
