internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension SSLHandle {
  /// The staple as a value; `nil` if there is none.
  var staple: TLSStaple? {
    ErrorQueue.preserving {
      guard let der = unsafe StapleCheck.bytes(of: ssl), let response = OCSPResponse(der) else { return nil }
      let chain = unsafe SSL_get0_verified_chain(ssl)
      let leaf = unsafe sitls_x509_at(chain, 0)
      let issuer = unsafe sitls_x509_at(chain, 1) ?? leaf
      guard let leaf = unsafe leaf, let issuer = unsafe issuer,
        let statement = unsafe response.statement(on: leaf, of: issuer)
      else { return nil }
      return TLSStaple(
        status: statement.status, thisUpdate: statement.thisUpdate, nextUpdate: statement.nextUpdate,
        producedAt: response.producedAt ?? statement.thisUpdate, responder: response.responder, der: der)
    }
  }
}
