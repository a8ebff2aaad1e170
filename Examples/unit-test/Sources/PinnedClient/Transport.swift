/// Whatever moves bytes: a socket, a serial line, or in a test a server in the same process.
public protocol Transport: AnyObject {
  /// Sends bytes, all of them.
  ///
  /// - Parameter bytes: ciphertext; sometimes none.
  func send(_ bytes: [UInt8])

  /// Waits for bytes.
  ///
  /// - Returns: at least one byte; `nil` at the end.
  func receive() -> [UInt8]?
}
