internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The ticket keys of a context, with the cipher that libcrypto looked up once.
///
/// `@unchecked Sendable`: written in init alone; libcrypto guards the cipher's reference count itself.
@safe
final class TicketCipher: @unchecked Sendable {
  let source: TicketKeySource
  let cipher: OpaquePointer
  private let library: TLSLibraryContext

  init(_ source: TicketKeySource, _ library: TLSLibraryContext) throws(TLSError) {
    guard let cipher = unsafe sitls_fetch_ticket_cipher(library.pointer) else {
      throw TLSError(
        .unsupported, .local, hint: "libcrypto's providers lack AES-256-CBC, which session tickets need",
        openSSLErrors: ErrorQueue.take())
    }
    self.source = source
    unsafe self.cipher = cipher
    self.library = library
  }

  deinit { unsafe EVP_CIPHER_free(cipher) }

  /// Fills an initialization vector.
  func fill(_ vector: UnsafeMutablePointer<UInt8>) -> Bool {
    unsafe RAND_bytes_ex(library.pointer, vector, Int(EVP_CIPHER_get_iv_length(cipher)), 0) == 1
  }
}

extension Callbacks {
  /// Prepares the encryption of a new ticket, or the decryption of a client's. The keys are those of the context that
  /// the connection began with: libssl asks that one, whichever answered the ClientHello.
  static let ticketKey:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, OpaquePointer?, OpaquePointer?, Int32
    ) -> Int32 = { ssl, name, vector, cipher, mac, encrypts in
      ErrorQueue.preserving {
        guard let ssl = unsafe ssl, let name = unsafe name, let vector = unsafe vector,
          let tickets = unsafe CallbackState.of(ssl)?.pointee.serverSessions?.ticketCipher
        else { return -1 }
        // Once: another thread may rotate them.
        let keys = tickets.source.keys
        let isNew = encrypts != 0
        let key: TLSTicketKeys.Key
        if isNew {
          key = keys.current
          guard unsafe tickets.fill(vector) else { return -1 }
          _ = unsafe UnsafeMutableBufferPointer(start: name, count: TLSTicketKeys.Key.nameSize)
            .update(fromContentsOf: key.name)
        } else {
          let name = unsafe UnsafeBufferPointer(start: name, count: TLSTicketKeys.Key.nameSize)
          // 0: no key; a full handshake follows, and a new ticket.
          guard let known = unsafe keys.key(named: name) else { return 0 }
          key = known
        }
        guard unsafe sitls_prepare_ticket(cipher, mac, tickets.cipher, key.halves.baseAddress, vector, isNew) else {
          return -1
        }
        // 2 renews the ticket. In TLS 1.3 libssl would resume by 1 and send no ticket at all.
        let isRenewed = unsafe !isNew && (SSL_version(ssl) >= TLS1_3_VERSION || key !== keys.current)
        return isRenewed ? 2 : 1
      }
    }
}
