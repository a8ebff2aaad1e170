internal import CSansIOTLSOpenSSL

extension TLSObjectIdentifier {
  /// Copies an `ASN1_OBJECT`, valid during the call.
  init(of object: OpaquePointer?) {
    var text = [CChar](repeating: 0, count: 80)
    var count = unsafe OBJ_obj2txt(&text, CInt(clamping: text.count), object, 1)
    if count >= text.count {
      text = [CChar](repeating: 0, count: Int(count) + 1)
      count = unsafe OBJ_obj2txt(&text, CInt(clamping: text.count), object, 1)
    }
    self.init(String(decoding: text.prefix(Int(max(count, 0))).map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  /// libcrypto's short name, for example `CN` or `serverAuth`; `nil` if it has none. Corresponds to `OBJ_nid2sn(3)`.
  public var shortName: String? {
    ErrorQueue.preserving {
      let parsed = try? unsafe dotted.withCText("the object identifier") { unsafe OBJ_txt2obj($0, 1) }
      guard let object = unsafe parsed else { return nil }
      defer { unsafe ASN1_OBJECT_free(object) }
      let number = unsafe OBJ_obj2nid(object)
      return number == NID_undef ? nil : unsafe OBJ_nid2sn(number).map { unsafe String(cString: $0) }
    }
  }
}
