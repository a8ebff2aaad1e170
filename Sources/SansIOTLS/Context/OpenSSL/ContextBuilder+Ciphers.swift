internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The cipher list of TLS 1.2 and the suites of TLS 1.3.
extension ContextBuilder {
  /// libssl ignores unknown names as long as one is known, so each is tried alone.
  func setCiphers() throws(TLSError) {
    if let list = configuration.cipherList { try setCipherList(list) }
    if let suites = configuration.cipherSuites {
      for suite in suites where try suitesNamed(by: "\(suite)") != ["\(suite)"] {
        throw refuse(
          .unknownCipher,
          "libssl knows no TLS 1.3 suite \(suite)\(library.place); it has \(try suitesNamed().joined(separator: ", ")) and others"
        )
      }
      let names = suites.map(\.description).joined(separator: ":")
      guard !suites.isEmpty,
        try unsafe names.withCText("cipherSuites", { unsafe SSL_CTX_set_ciphersuites(context, $0) }) == 1
      else {
        throw refuse(
          .unknownCipher, "no TLS 1.3 suite is left; name at least one, or set the maximum version to TLS 1.2")
      }
    }
  }

  private func setCipherList(_ list: String) throws(TLSError) {
    try unsafe list.withCText("cipherList") { _ in }
    let startsWithDefault = list.utf8.starts(with: CipherList.defaultWord.utf8)
    for (position, rule) in CipherList(list).rules.enumerated() {
      try check(rule, isFirst: startsWithDefault && position == 0, isAlone: rule.text == list)
    }
    guard try unsafe list.withCText("cipherList", { unsafe SSL_CTX_set_cipher_list(context, $0) }) == 1 else {
      throw refuse(.unknownCipher, "the cipher list leaves no TLS 1.2 cipher at this security level")
    }
    let level = Int(unsafe SSL_CTX_get_security_level(context))
    if let configured = configuration.securityLevel, configured != level {
      throw refuse(
        .invalidConfiguration,
        "securityLevel is \(configured), and the cipher list sets the level \(level) by @SECLEVEL; name one of the two")
    }
    // libssl has no DHE parameters until they are set, or it is allowed to choose them by key and security level.
    if configuration.role == .server { unsafe sitls_ctx_use_automatic_dh(context) }
  }

  /// Refuses by name what libssl would ignore, or read differently from how it is written. Excluding or moving ciphers
  /// of earlier versions does no harm; a misspelt exclusion would leave the cipher in.
  private func check(_ rule: CipherList.Rule, isFirst: Bool, isAlone: Bool) throws(TLSError) {
    func refuseRule(_ why: String) -> TLSError {
      refuse(.unknownCipher, "\(String(reflecting: String(rule.text.prefix(64)))) in the cipher list \(why)")
    }
    if !rule.isWellFormed {
      throw refuseRule("is no rule of openssl-ciphers(1); names have letters, digits and \"-_.=\"")
    }
    if rule.operation == UInt8(ascii: "@") {
      if try unsafe isKnown("ALL:" + rule.text, "cipherList", SSL_CTX_set_cipher_list) { return }
      throw refuseRule("is no command; there are @STRENGTH and @SECLEVEL=0 to @SECLEVEL=5")
    }
    if rule.name.hasPrefix(CipherList.defaultWord) {
      if isFirst, rule.text == CipherList.defaultWord { return }
      throw refuseRule("counts as the first word alone")
    }
    if rule.name.hasPrefix(CipherList.suiteBWord) {
      if isAlone, CipherList.suiteBWords.contains(rule.text) { return }
      throw refuseRule("is no word of openssl-ciphers(1), or does not stand alone: libssl ignores what follows it")
    }
    func isCipher(_ name: String) throws(TLSError) -> Bool {
      try unsafe isKnown(name, "cipherList", SSL_CTX_set_cipher_list)
    }
    if try isCipher(rule.name) { return }
    if rule.operation != nil {
      var isHarmless = true
      for part in rule.parts where isHarmless {
        if !CipherList.wasKnown(part) { isHarmless = try isCipher(part) }
      }
      if isHarmless { return }
    }
    throw refuse(
      .unknownCipher,
      "libssl knows no TLS 1.2 cipher \"\(rule.name.prefix(64))\"\(library.place); `openssl ciphers -v` lists them"
        + (try suitesNamed(by: rule.name) == [rule.name] ? "; suites of TLS 1.3 are set as cipherSuites" : ""))
  }

  /// The TLS 1.3 suites that libssl derives from a list, or has without one. It derives none from an unknown name.
  private func suitesNamed(by list: String? = nil) throws(TLSError) -> [String] {
    try unsafe withScratch { (scratch) throws(TLSError) in
      if let list { try unsafe list.withCText("cipherSuites") { _ = unsafe SSL_CTX_set_ciphersuites(scratch, $0) } }
      return unsafe CipherSuites.tls13(of: scratch)
    }
  }
}
