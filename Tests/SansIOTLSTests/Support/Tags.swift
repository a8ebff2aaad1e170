import Testing

/// The origin of a test: a law of the engine, a fact about libssl, or a behaviour that the suites of other TLS
/// libraries assert.
///
/// The laws have the numbers of the page Laws of the documentation, and "row 12" is that of the page OpenSSLFacts. The
/// behaviours are listed in `Tests/BEHAVIOURS.md`. Law 14 is verified by `Tests/Linkage`, which needs no tag.
extension Tag {
  @Tag static var law1: Tag
  @Tag static var law2: Tag
  @Tag static var law3: Tag
  @Tag static var law4: Tag
  @Tag static var law5: Tag
  @Tag static var law6: Tag
  @Tag static var law7: Tag
  @Tag static var law8: Tag
  @Tag static var law9: Tag
  @Tag static var law10: Tag
  @Tag static var law11: Tag
  @Tag static var law12: Tag
  @Tag static var law13: Tag
  @Tag static var law15: Tag
  @Tag static var law16: Tag
  @Tag static var law17: Tag
  @Tag static var law18: Tag
  @Tag static var openSSLFact: Tag
  @Tag static var behaviour: Tag
}
