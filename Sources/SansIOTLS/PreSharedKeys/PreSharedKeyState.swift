/// The state of one connection for the callbacks about its pre-shared keys. A connection without any has none.
///
/// It belongs to one connection, and one thread at most is inside that.
final class PreSharedKeyState {
  /// The keys that an answer to the ClientHello has added to those of the context that serves.
  var answered: [TLSPreSharedKey] = []
  /// A client's: the key that it offers. A server's: the one of the latest ClientHello that it has found.
  var key: TLSPreSharedKey?
  /// A client showed its key and demands it, and the server answered by certificates.
  var isIgnored = false
  /// A server's: the latest ClientHello offers keys or tickets.
  var isOffered = false
  /// The handshake was authenticated by `key`. It is noted when the handshake is done: later tickets replace the
  /// session by which a client sees it.
  var isChosen = false
}
