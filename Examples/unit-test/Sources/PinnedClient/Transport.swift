/// A transport of bytes: a socket, a serial line, or in a test a server in the same process.
public protocol Transport: AnyObject {
  /// Sends all bytes.
  ///
  /// - Parameter bytes: ciphertext; may be empty.
  func send(_ bytes: [UInt8])

  /// Waits for bytes from the server.
  ///
  /// - Returns: at least one byte; `nil` at the end of the transport.
  func receive() -> [UInt8]?
}
