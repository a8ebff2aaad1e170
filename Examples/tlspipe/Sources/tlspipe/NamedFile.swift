import ArgumentParser
import CInheritance

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file and the option that names it, for errors that name both.
struct NamedFile: CustomStringConvertible {
  /// For example `--ca`.
  let option: String
  let path: String

  /// The maximum size. Certificates and keys are small; another path, such as a device, must not exhaust the memory.
  private static let limit = 16 * 1024 * 1024

  init(_ option: String, _ path: String) {
    self.option = option
    self.path = path
  }

  /// For example `--ca ca.pem`.
  var description: String { "\(option) \(path)" }

  /// Whether the text begins with the scheme of a URI (RFC 3986, section 3.1), as `pkcs11:` or `file:`. A file of such
  /// a name is given with its folder: `./a:b`.
  var isURI: Bool {
    let scheme = path.prefix { $0 != ":" }
    guard scheme.count < path.count, let first = scheme.first, first.isASCII, first.isLetter else { return false }
    return scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
  }

  /// Reads the file, or the descriptor of a path such as `/dev/fd/8`.
  ///
  /// - Throws: `ExitCode` after naming option and path, if it cannot be read.
  func read() throws -> [UInt8] {
    let descriptor = try open(O_RDONLY, because: "read")
    defer { close(descriptor) }
    return try contents(of: descriptor)
  }

  /// Reads a file that should be its owner's alone, and warns if it is not.
  ///
  /// - Throws: `ExitCode` after naming option and path, if it cannot be read.
  func readSecret() throws -> [UInt8] {
    let descriptor = try open(O_RDONLY, because: "read")
    defer { close(descriptor) }
    if let mode = Self.permissions(of: descriptor) { warnOfOthers(mode) }
    return try contents(of: descriptor)
  }

  /// Warns if others than the owner can use the file.
  func warnOfOthers(_ mode: mode_t) {
    if mode & 0o077 == 0 { return }
    StandardError.say(
      "warning: \(self): others can use it (mode \(String(mode, radix: 8))); chmod 600 makes it its owner's alone")
  }

  /// Reads an open descriptor of this file to its end.
  ///
  /// - Throws: `ExitCode` after naming option and path, if it cannot be read.
  func contents(of descriptor: Int32) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while bytes.count <= Self.limit {
      // Sound: the array is valid during the call, and the length is its own.
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe systemRead(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      if count > 0 {
        bytes.append(contentsOf: chunk[..<count])
      } else if errno != EINTR {
        throw refused("cannot read it: \(Self.reason(errno))")
      }
    }
    throw refused("it is larger than \(Self.limit) bytes")
  }

  /// Opens the file.
  ///
  /// - Parameters:
  ///   - flags: the flags of `open(2)`; `O_CLOEXEC` is added.
  ///   - mode: the permissions of a created file.
  ///   - purpose: the purpose for the error message, one verb.
  /// - Returns: the descriptor, which the caller closes.
  /// - Throws: `ExitCode` after naming option and path, if it cannot be opened.
  func open(_ flags: Int32, mode: mode_t = 0, because purpose: String) throws -> Int32 {
    if let number = descriptorNumber, tlspipe_inherited_descriptor(number) == 0 {
      throw refused("cannot \(purpose) it: descriptor \(number) was not open when tlspipe started")
    }
    let descriptor = systemOpen(path, flags | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw refused("cannot \(purpose) it: \(Self.reason(errno))") }
    return descriptor
  }

  /// The number in a path such as `/dev/fd/8`. If it was free at the start, it may belong to the runtime now.
  private var descriptorNumber: Int32? {
    let prefix = ["/dev/fd/", "/proc/self/fd/"].first { path.hasPrefix($0) }
    return prefix.flatMap { Int32(path.dropFirst($0.count)) }
  }

  /// The permission bits of a regular file; `nil` for anything else.
  static func permissions(of descriptor: Int32) -> mode_t? {
    var status = stat()
    // Sound: the structure is valid during the call.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return status.st_mode & 0o777
  }

  /// A usage error about this file.
  func refused(_ why: String) -> ExitCode { ExitReport.usage("\(self): \(why)") }

  /// The text of an error number, for example `No such file or directory`.
  static func reason(_ number: Int32) -> String {
    // Sound: strerror(3) never returns NULL for any number, and its text is copied before anything else is called.
    unsafe String(cString: strerror(number))
  }
}

// The members above hide these functions.

private func systemRead(_ descriptor: Int32, _ address: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  unsafe read(descriptor, address, count)
}

func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
  // Sound: the path is valid during the call.
  unsafe open(path, flags, mode)
}
