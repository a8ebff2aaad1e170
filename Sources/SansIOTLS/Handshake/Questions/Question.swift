extension TLSEngine {
  /// A decision that only the application can take. The engine stops at it and goes on when it is answered, whenever that
  /// is; what is fed meanwhile waits in the ring.
  public enum Question: Sendable {
    /// A server read a ClientHello: which context serves it? Asked if ``TLSContext/Configuration/pausesAtClientHello``.
    case clientHello(ClientHello)
    /// A client read the server's certificates: are they acceptable? Asked if
    /// ``TLSContext/Configuration/pausesAtPeerCertificates``, after libssl's own check, with its result.
    case peerCertificate(PeerCertificates)
  }

  /// The answer to a ``Question``.
  public enum Answer: Sendable {
    /// Go on as configured: the engine's own context; libssl's own verdict on the certificate.
    case proceed
    /// Serve this ClientHello by another server context: its identities, versions, suites, groups, ALPN, and all that it asks of
    /// clients. Tickets are sealed by the keys of the context that the connection began with, and open only the context that
    /// they were made for.
    case use(TLSContext)
    /// Accept the certificate whatever libssl found. Only an application that has its own proof (a pinned key) may say so.
    case accept
    /// Refuse, with this alert to the peer; those that libssl does not send as they are, are misuse.
    case reject(TLSAlert)
  }
}

extension TLSEngine.Answer {
  /// Whether this can answer that question.
  func fits(_ question: TLSEngine.Question) -> Bool {
    switch (question, self) {
    case (.clientHello, .proceed), (.clientHello, .use), (.clientHello, .reject): true
    case (.peerCertificate, .proceed), (.peerCertificate, .accept), (.peerCertificate, .reject): true
    default: false
    }
  }
}
