internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension TLSSession {
  /// The session as bytes, for ``init(bytes:)`` in this process or another; a copy.
  ///
  /// They contain the secret in plaintext: anyone who reads them can read and change a connection that resumes the
  /// session without another key exchange, and anyone who writes them decides whom it trusts. Keep them as a private
  /// key is kept, in a file of mode 0600 for example, and overwrite them after use. The format has a version of its
  /// own; it does not depend on the machine.
  ///
  /// Corresponds to `i2d_SSL_SESSION(3)`, with what that loses: the peer's certificates beyond its own, the server name
  /// that was requested, and the settings of the context that a later offer depends on.
  public var bytes: [UInt8] {
    let provenance = reference.provenance
    let head = SessionEnvelope(
      serverName: provenance.serverName, isAcceptedOutOfDate: provenance.isAcceptedOutOfDate,
      pausesAtPeerCertificates: provenance.origin.pausesAtPeerCertificates,
      pausesAtCertificateRequest: provenance.origin.pausesAtCertificateRequest, domain: provenance.origin.domain,
      chain: provenance.chain.map(\.der),
      identities: provenance.origin.identities.map(\.der).sorted { $0.lexicographicallyPrecedes($1) },
      pins: provenance.origin.pins.map(\.sha256).sorted { $0.lexicographicallyPrecedes($1) }, staple: provenance.staple,
      preSharedIdentity: provenance.preSharedIdentity
    ).head
    let size = max(Int(unsafe i2d_SSL_SESSION(reference.session, nil)), 0)
    // One allocation, so that no copy of the secret stays in one that was outgrown.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(SessionEnvelope.digestSize + head.count + size)
    bytes.append(contentsOf: repeatElement(0, count: SessionEnvelope.digestSize))
    bytes.append(contentsOf: head)
    bytes.append(addingCapacity: size) { output in
      unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
        var cursor = buffer.baseAddress
        // Sound: libssl writes as many bytes as it has counted above; a session does not change.
        initialized = size > 0 ? max(Int(unsafe i2d_SSL_SESSION(reference.session, &cursor)), 0) : 0
      }
    }
    let digest = SHA256.digest(of: bytes[SessionEnvelope.digestSize...])
    bytes.replaceSubrange(0..<SessionEnvelope.digestSize, with: digest)
    return bytes
  }

  /// Creates a session from its bytes, which are copied.
  ///
  /// It can be offered by a context whose identities are those of the context that received it. The peer's certificates
  /// are verified again when it is offered. A context with
  /// ``TLSContext/Configuration/pausesAtPeerCertificates`` accepts it only if both contexts name the same
  /// ``TLSContext/Configuration/sessionDomain``.
  ///
  /// - Parameter bytes: what ``bytes`` returned; at most 1,048,576 bytes.
  /// - Throws: ``TLSError`` with code `.invalidSession` if they are damaged, of another format, or not a session.
  ///
  /// Corresponds to `d2i_SSL_SESSION(3)`.
  public init(bytes: [UInt8]) throws(TLSError) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    guard bytes.count <= SessionEnvelope.limit else {
      throw SessionEnvelope.fault("has more than \(SessionEnvelope.limit) bytes")
    }
    var rest = bytes.dropFirst(SessionEnvelope.digestSize)
    guard SessionEnvelope.isSession(rest) else {
      throw SessionEnvelope.fault("is not a session of this library; pass what `TLSSession.bytes` returned")
    }
    guard SHA256.digest(of: rest).elementsEqual(bytes.prefix(SessionEnvelope.digestSize)) else {
      throw SessionEnvelope.damaged
    }
    let envelope = try SessionEnvelope(head: &rest)
    let (session, consumed): (OpaquePointer?, Int) = unsafe rest.withUnsafeBufferPointer { encoded in
      var cursor = encoded.baseAddress
      let session = unsafe d2i_SSL_SESSION(nil, &cursor, encoded.count)
      return unsafe (session, session == nil ? 0 : encoded.baseAddress!.distance(to: cursor!))
    }
    guard let session = unsafe session else { throw SessionEnvelope.damaged }
    let provenance: Provenance
    do throws(TLSError) {
      // Anyone who forges a session could otherwise end a process by the times in it, which are added.
      guard consumed == rest.count, unsafe VerificationClock.times.contains(sitls_session_time(session)),
        unsafe VerificationClock.times.contains(Int64(SSL_SESSION_get_timeout(session)))
      else { throw SessionEnvelope.damaged }
      provenance = try unsafe Provenance(envelope, session)
    } catch {
      unsafe SSL_SESSION_free(session)
      throw error
    }
    unsafe self.init(adopting: session, provenance)
  }
}

extension TLSSession.Provenance {
  fileprivate convenience init(_ envelope: SessionEnvelope, _ session: OpaquePointer) throws(TLSError) {
    func certificates(_ encoded: [[UInt8]]) throws(TLSError) -> [TLSCertificate] {
      var certificates: [TLSCertificate] = []
      for der in encoded { certificates.append(try TLSCertificate(der: der)) }
      return certificates
    }
    let chain = try certificates(envelope.chain)
    // libssl's part decides whom the session proves; the rest of the chain must be of the same peer.
    let leaf = unsafe SSL_SESSION_get0_peer(session)
    guard unsafe (leaf == nil) == chain.isEmpty,
      chain.first.map({ unsafe X509_cmp($0.reference.x509, leaf) == 0 }) ?? true
    else { throw SessionEnvelope.damaged }
    var pins: Set<TLSPublicKeyPin> = []
    for digest in envelope.pins {
      guard let pin = try? TLSPublicKeyPin(sha256: digest) else { throw SessionEnvelope.damaged }
      pins.insert(pin)
    }
    let origin = TLSSession.Origin(
      identities: Set(try certificates(envelope.identities)),
      pausesAtPeerCertificates: envelope.pausesAtPeerCertificates,
      pausesAtCertificateRequest: envelope.pausesAtCertificateRequest, domain: envelope.domain, pins: pins)
    self.init(
      origin: origin, serverName: envelope.serverName, isAcceptedOutOfDate: envelope.isAcceptedOutOfDate, chain: chain,
      staple: envelope.staple, preSharedIdentity: envelope.preSharedIdentity)
  }
}
