internal import CSansIOTLSOpenSSL

/// The textual encoding of DER bytes (RFC 7468).
enum PEM {
  /// The block `-----BEGIN label-----` … `-----END label-----`, 64 characters a line, a newline at its end. Corresponds
  /// to `PEM_write_bio(3)`.
  ///
  /// The pointers live for the call.
  static func block(_ label: String, _ der: [UInt8]) -> [UInt8] {
    let sink = unsafe Minting.made(BIO_new(BIO_s_mem()), "BIO_new")
    defer { unsafe BIO_free(sink) }
    unsafe Minting.lend(label, "the label") { label in
      unsafe Minting.lend("", "the header") { header in
        unsafe Minting.must(min(1, PEM_write_bio(sink, label, header, der, der.count)), "PEM_write_bio")
      }
    }
    return unsafe [UInt8](unsafeUninitializedCapacity: BIO_ctrl_pending(sink)) { buffer, count in
      count = Int(unsafe BIO_read(sink, buffer.baseAddress, CInt(clamping: buffer.count)))
    }
  }
}
