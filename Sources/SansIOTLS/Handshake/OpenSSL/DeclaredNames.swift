internal import CSansIOTLSShims

/// The TLS groups or signature schemes that providers of libcrypto declare: numbers and the names that libssl finds
/// them by. A group has several names, and an EC key knows its curve by libcrypto's.
///
/// Corresponds to `provider-base(7)`, "TLS-GROUP" and "TLS-SIGALG".
struct DeclaredNames {
  private var numbers: [String: UInt16] = [:]
  private var names: [UInt16: String] = [:]

  /// The groups that the providers of a library context have now.
  static func groups(in library: TLSLibraryContext) -> DeclaredNames {
    unsafe DeclaredNames { taker, argument in unsafe sitls_declared_groups(library.pointer, taker, argument) }
  }

  /// The signature schemes that providers add to libssl's own, from 3.2 on.
  static func signatureSchemes(in library: TLSLibraryContext) -> DeclaredNames {
    unsafe DeclaredNames { taker, argument in
      unsafe sitls_declared_signature_schemes(library.pointer, taker, argument)
    }
  }

  private init(_ ask: (sitls_name_taker, UnsafeMutableRawPointer) -> Void) {
    let collector = Collector()
    // The collector outlives the call that it is lent to.
    withExtendedLifetime(collector) {
      ErrorQueue.preserving { unsafe ask(Collector.note, Unmanaged.passUnretained(collector).toOpaque()) }
    }
    for entry in collector.entries {
      numbers[entry.name.lowercased()] = entry.number
      if names[entry.number] == nil { names[entry.number] = entry.name }
    }
    // A curve may be the inner name of several groups; a group's own name comes first. A group that is no curve may
    // have none.
    for entry in collector.entries
    where !entry.innerName.isEmpty && numbers[entry.innerName.lowercased()] == nil {
      numbers[entry.innerName.lowercased()] = entry.number
    }
  }

  /// The numbers of all that is declared, in ascending order.
  var allNumbers: [UInt16] { names.keys.sorted() }

  /// The number in the IANA registry; `nil` if no provider declares this name.
  func value(of name: String) -> UInt16? { numbers[name.lowercased()] }

  /// A name that libssl finds the number by; `nil` if no provider declares it.
  func name(of number: UInt16) -> String? { names[number] }
}

extension TLSGroup {
  /// The list that libssl reads. A number that no provider declares stands as `0x…`, which libssl refuses.
  static func list(_ groups: [TLSGroup], _ known: DeclaredNames) -> String {
    groups.map { known.name(of: $0.rawValue) ?? $0.rawValue.hexadecimal }.joined(separator: ":")
  }
}

private final class Collector {
  var entries: [(name: String, innerName: String, number: UInt16)] = []

  /// The texts belong to the provider, and are copied. libssl ignores what has a number of more than 16 bits.
  static let note: sitls_name_taker = { argument, name, innerName, identifier in
    guard let argument = unsafe argument, let name = unsafe name, let innerName = unsafe innerName,
      let number = UInt16(exactly: identifier)
    else { return }
    let collector = unsafe Unmanaged<Collector>.fromOpaque(argument).takeUnretainedValue()
    unsafe collector.entries.append((String(cString: name), String(cString: innerName), number))
  }
}
