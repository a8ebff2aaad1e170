internal import CSansIOTLSOpenSSL

/// Converts a configuration into settings of an `SSL_CTX`, one function for each concern, and names the part that
/// libssl refuses.
///
/// `@safe`: `context` outlives the builder, which lives inside `ContextHandle.init`.
@safe
struct ContextBuilder {
  let context: OpaquePointer
  let configuration: TLSContext.Configuration
  let library: TLSLibraryContext

  func refuse(_ code: TLSError.Code, _ hint: String, _ blame: TLSError.Blame = .misuse) -> TLSError {
    TLSError(code, blame, hint: hint, openSSLErrors: ErrorQueue.take())
  }

  /// Refuses what the security level does not allow: by a code of its own if the system's policy sets the level.
  func refuseAtLevel(_ code: TLSError.Code, _ hint: String, _ blame: TLSError.Blame) -> TLSError {
    guard configuration.securityLevel == nil, let command = SystemPolicy.levelCommand else {
      return refuse(code, hint, blame)
    }
    let level = unsafe SSL_CTX_get_security_level(context)
    return refuse(
      .forbiddenByPolicy,
      "\(hint); the system's policy sets the level \(level) (\(command)): comply with it, or set securityLevel", .local)
  }

  /// Tries a setting on a temporary context.
  func isKnown(
    _ name: String, _ setting: String, _ set: (OpaquePointer?, UnsafePointer<CChar>?) -> Int32
  ) throws(TLSError) -> Bool {
    try unsafe withScratch { (scratch) throws(TLSError) in
      try unsafe name.withCText(setting) { unsafe set(scratch, $0) } == 1
    }
  }

  /// Passes a temporary context with the lowest security level.
  func withScratch<Result>(_ body: (OpaquePointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
    guard let scratch = unsafe SSL_CTX_new_ex(library.pointer, nil, TLS_method()) else {
      throw refuse(.openSSLFailure, "no memory for a context", .local)
    }
    defer {
      unsafe SSL_CTX_free(scratch)
      ErrorQueue.clear()
    }
    unsafe SSL_CTX_set_security_level(scratch, 0)
    return try unsafe body(scratch)
  }
}
