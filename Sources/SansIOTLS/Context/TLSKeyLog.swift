/// A receiver of the secrets of connections, in the NSS key log format, for tools such as Wireshark. A holder of the
/// lines can read the connections.
///
/// It is an object, so that configurations can be compared: two of them are equal if they are the same object.
///
/// Corresponds to `SSL_CTX_set_keylog_callback(3)`.
public final class TLSKeyLog: Sendable {
  let write: @Sendable (_ line: String) -> Void

  /// Creates a receiver.
  ///
  /// - Parameter write: receives each line, without newline, on the thread that is in the engine, from inside of
  ///   libssl. It must not call the engine.
  public init(_ write: @escaping @Sendable (_ line: String) -> Void) { self.write = write }
}

extension TLSKeyLog: Hashable {
  /// Returns whether two references are to the same object.
  public static func == (left: TLSKeyLog, right: TLSKeyLog) -> Bool { left === right }

  /// Hashes the identity of the object.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
