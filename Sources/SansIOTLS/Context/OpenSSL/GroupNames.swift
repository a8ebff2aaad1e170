internal import CSansIOTLSShims

/// The key-exchange groups that libssl finds by name, as its providers declare them: a group has several names, and an EC key
/// knows its curve by libcrypto's.
///
/// Corresponds to `provider-base(7)`, "TLS-GROUP".
struct GroupNames {
  private var identifiers: [String: UInt32] = [:]

  /// Asks the providers of the default library context.
  init() {
    let collector = Collector()
    // The collector outlives the call that it is lent to.
    withExtendedLifetime(collector) {
      unsafe sitls_declared_groups(Collector.note, Unmanaged.passUnretained(collector).toOpaque())
    }
    for group in collector.groups { identifiers[group.name.lowercased()] = group.identifier }
    // A curve may be the inner name of several groups; a group's own name comes first. A group that is no curve may have none.
    for group in collector.groups where !group.innerName.isEmpty && identifiers[group.innerName.lowercased()] == nil {
      identifiers[group.innerName.lowercased()] = group.identifier
    }
  }

  /// The group's number in the IANA registry; `nil` if no provider has a group of this name.
  func identifier(of name: String) -> UInt32? { identifiers[name.lowercased()] }
}

/// Takes the groups that providers declare.
private final class Collector {
  var groups: [(name: String, innerName: String, identifier: UInt32)] = []

  /// The texts belong to the provider, and are copied.
  static let note:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UInt32) -> Void = {
      argument, name, innerName, identifier in
      guard let argument = unsafe argument, let name = unsafe name, let innerName = unsafe innerName else { return }
      let collector = unsafe Unmanaged<Collector>.fromOpaque(argument).takeUnretainedValue()
      unsafe collector.groups.append((String(cString: name), String(cString: innerName), identifier))
    }
}
