import SansIOTLS

extension TLSEngine.Limits {
  /// The default limits with a change.
  static func with(_ change: (inout TLSEngine.Limits) -> Void) -> TLSEngine.Limits {
    var limits = TLSEngine.Limits.default
    change(&limits)
    return limits
  }
}
