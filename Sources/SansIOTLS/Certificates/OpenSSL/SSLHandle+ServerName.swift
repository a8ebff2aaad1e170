internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension SSLHandle {
  /// Sets the name of the server that the client connects to. Corresponds to `SSL_set1_host(3)` and
  /// `X509_VERIFY_PARAM_set1_ip(3)`.
  func setServerName(_ name: TLSServerName) throws(TLSError) {
    ErrorQueue.clear()
    var accepted: Bool
    switch name {
    case .dns(let text):
      let host = try TLSServerName.validated(text)
      // SSL_set1_host would treat a text that looks like an address as one.
      accepted = try unsafe host.withCText("the server name") { (host) throws(TLSError) in
        unsafe X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), host, 0) == 1 && sitls_set_server_name(ssl, host) == 1
      }
      unsafe callbackState.pointee.request = .sent(serverName: host)
    case .ip(let text):
      guard let octets = IPAddress.octets(of: Array(text.utf8)) else {
        throw TLSError(
          .invalidServerName, .misuse,
          hint: "\"\(text.prefix(64))\" is not an IPv4 or IPv6 address; give it without brackets, port and zone")
      }
      accepted = unsafe X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), octets, octets.count) == 1
    case .anyOf(let names, let sni):
      if names.isEmpty {
        throw TLSError(.invalidServerName, .misuse, hint: "the list of accepted server names is empty")
      }
      accepted = try send(sni)
      for name in names {
        let host = try TLSServerName.validated(name)
        let isAdded = try unsafe host.withCText("the server name") { (host) throws(TLSError) in
          unsafe X509_VERIFY_PARAM_add1_host(SSL_get0_param(ssl), host, 0) == 1
        }
        accepted = accepted && isAdded
      }
    case .unverified(let sni): accepted = try send(sni)
    }
    if !accepted {
      throw TLSError(
        .invalidServerName, .misuse, hint: "libssl does not accept this server name", openSSLErrors: ErrorQueue.take())
    }
  }

  /// Sets the name for the SNI extension, if there is one.
  private func send(_ sni: String?) throws(TLSError) -> Bool {
    guard let sni else { return true }
    let host = try TLSServerName.validated(sni)
    unsafe callbackState.pointee.request = .sent(serverName: host)
    return try unsafe host.withCText("the server name") { unsafe sitls_set_server_name(ssl, $0) } == 1
  }

  /// The server name in libssl's form, so that two spellings of one name are equal: DNS names in lower case and without
  /// trailing dot, addresses as libcrypto writes them.
  static func serverName(of ssl: OpaquePointer?, sent: CallbackState.Request?) -> TLSServerName {
    ErrorQueue.preserving {
      let parameters = unsafe SSL_get0_param(ssl)
      let sni: String? = if case .sent(let name) = sent { name.lowercased() } else { nil }
      if let first = unsafe X509_VERIFY_PARAM_get0_host(parameters, 0) {
        let host = unsafe String(cString: first).lowercased()
        if host == sni, unsafe X509_VERIFY_PARAM_get0_host(parameters, 1) == nil { return .dns(host) }
        var hosts: Set = [host]
        var index: Int32 = 1
        while let host = unsafe X509_VERIFY_PARAM_get0_host(parameters, index) {
          hosts.insert(unsafe String(cString: host).lowercased())
          index += 1
        }
        return .anyOf(hosts.sorted(), sni: sni)
      }
      if let address = unsafe X509_VERIFY_PARAM_get1_ip_asc(parameters) {
        defer { unsafe CRYPTO_free(address, nil, 0) }
        return unsafe .ip(String(cString: address))
      }
      return .unverified(sni: sni)
    }
  }
}
