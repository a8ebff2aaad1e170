internal import CSansIOTLSOpenSSL

extension TLSDistinguishedName {
  /// Copies an `X509_NAME`, valid during the call.
  init(of name: OpaquePointer?) {
    var relativeNames: [[Attribute]] = []
    var last: CInt = -1
    ErrorQueue.preserving {
      for index in 0..<max(unsafe X509_NAME_entry_count(name), 0) {
        guard let entry = unsafe X509_NAME_get_entry(name, index) else { continue }
        let place = unsafe X509_NAME_ENTRY_set(entry)
        let attribute = unsafe Attribute(of: entry)
        if place == last, !relativeNames.isEmpty {
          relativeNames[relativeNames.count - 1].append(attribute)
        } else {
          relativeNames.append([attribute])
        }
        last = place
      }
    }
    self.init(relativeNames: relativeNames)
  }
}

extension TLSDistinguishedName.Attribute {
  /// Copies an `X509_NAME_ENTRY`, valid during the call.
  fileprivate init(of entry: OpaquePointer) {
    let der = unsafe LibraryDER.encoded { unsafe i2d_X509_NAME_ENTRY(entry, $0) }
    // A sequence of the type and the value.
    let value = DER.first(of: der[...]).flatMap { DER.first(of: $0.contents)?.rest }
    self.init(
      type: unsafe TLSObjectIdentifier(of: X509_NAME_ENTRY_get_object(entry)), encodedValue: Array(value ?? []),
      text: unsafe LibraryDER.text(of: X509_NAME_ENTRY_get_data(entry)))
  }
}
