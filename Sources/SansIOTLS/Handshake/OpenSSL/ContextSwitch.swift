internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension SSLHandle {
  /// Goes over to another context while the ClientHello waits. `SSL_set_SSL_CTX` takes certificates, security level,
  /// signature algorithms and callbacks along; the rest, which an `SSL` copies when it is made, is set here. Suites and
  /// groups that neither context names are the system's policy, and stay.
  ///
  /// - Parameters:
  ///   - context: the one to go over to.
  ///   - first: the one that the `SSL` was made from.
  func adopt(_ context: TLSContext, after first: TLSContext) throws(TLSError) {
    ErrorQueue.clear()
    let configuration = context.configuration
    let other = unsafe context.handle.context
    var isAdopted = unsafe SSL_set_SSL_CTX(ssl, other) != nil
    isAdopted = unsafe isAdopted && sitls_set_min_version(ssl, sitls_ctx_min_version(other)) == 1
    isAdopted = unsafe isAdopted && sitls_set_max_version(ssl, sitls_ctx_max_version(other)) == 1
    isAdopted = unsafe isAdopted && sitls_replace_parameters(ssl, SSL_CTX_get0_param(other))
    if configuration.cipherSuites != nil || first.configuration.cipherSuites != nil {
      isAdopted = unsafe isAdopted && sitls_adopt_suites(ssl, other)
    }
    isAdopted = isAdopted && setGroups(of: context)
    unsafe SSL_set_verify(ssl, SSL_CTX_get_verify_mode(other), nil)
    // Options are only added, and whether there are tickets is one that contexts differ in.
    unsafe SSL_clear_options(ssl, sitls_no_ticket)
    unsafe SSL_set_options(ssl, SSL_CTX_get_options(other))
    unsafe SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(other))
    unsafe callbackState.pointee.ignoresVerdict = context.ignoresVerdict
    if !isAdopted {
      throw TLSError(
        .library, .local, hint: "libssl does not take the other context for this connection",
        library: ErrorQueue.take())
    }
  }

  /// Sets the groups of the context that serves, if it names some. The context that asked about the ClientHello has not.
  func setGroups(of context: TLSContext) -> Bool {
    guard let groups = context.configuration.groups else { return true }
    // A context whose groups hold a NUL does not exist.
    return unsafe (try? groups.joined(separator: ":").withCText("groups") { unsafe sitls_set_groups(ssl, $0) }) == 1
  }
}
