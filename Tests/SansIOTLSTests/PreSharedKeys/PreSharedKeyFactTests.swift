import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Rows 35 to 42 of the page OpenSSLFacts: what libssl does with pre-shared keys.
@Suite(.tags(.openSSLFact))
struct PreSharedKeyFactTests {
  @Test func `a key needs the session id context of its client's context`() {
    let pair = PreSharedPair(hasIdentifier: false)
    #expect(pair.handshake().client == Int(SSL_R_ATTEMPT_TO_REUSE_SESSION_IN_DIFFERENT_CONTEXT))
    let other = PreSharedPair()
    #expect(other.handshake() == (0, 0))
  }

  @Test func `a key of another hash than the suite's is dropped without a word`() {
    // The default suites begin with one of SHA-384.
    let pair = PreSharedPair(suite: [0x13, 0x01])
    #expect(pair.handshake() == (0, 0))
    #expect(pair.notes.shown == [PreSharedPair.identity])
    #expect(unsafe SSL_session_reused(pair.client) == 0)
    #expect(unsafe SSL_get0_peer_certificate(pair.client) != nil)
  }

  @Test func `a request to repeat the hello asks for the key again, with the hash`() {
    let pair = PreSharedPair(groups: "P-384")
    #expect(pair.handshake() == (0, 0))
    #expect(pair.notes.uses == [false, true])
    #expect(pair.notes.shown == [PreSharedPair.identity, PreSharedPair.identity])
    #expect(unsafe SSL_session_reused(pair.client) == 1)
  }

  @Test func `a key counts as a session that was resumed, and is its secret`() {
    let pair = PreSharedPair()
    #expect(pair.handshake() == (0, 0))
    #expect(unsafe SSL_session_reused(pair.server) == 1)
    var secret = [UInt8](repeating: 0, count: 64)
    let count = unsafe SSL_SESSION_get_master_key(SSL_get_session(pair.client), &secret, secret.count)
    #expect(secret.prefix(count).elementsEqual([UInt8](repeating: 7, count: 32)))
  }

  @Test func `a wrong key is illegal_parameter, later decrypt_error`() {
    let pair = PreSharedPair(serverByte: 8)
    let outcome = pair.handshake()
    #expect(outcome.server == Int(SSL_R_BINDER_DOES_NOT_VERIFY))
    #expect([1047, 1051].contains(outcome.client))
  }

  @Test func `libssl names no identity in TLS 1.3`() {
    let pair = PreSharedPair()
    #expect(pair.handshake() == (0, 0))
    #expect(unsafe SSL_get_psk_identity(pair.server) == nil)
  }

  @Test func `a key is a verified peer without a certificate`() {
    let pair = PreSharedPair()
    #expect(pair.handshake() == (0, 0))
    #expect(unsafe SSL_get_verify_result(pair.client) == Int(X509_V_OK))
    #expect(unsafe SSL_get0_peer_certificate(pair.client) == nil)
  }

  @Test func `a certificate's suites come before those for keys in TLS 1.2`() {
    let pair = PreSharedPair(version: TLS1_2_VERSION, old: true)
    #expect(pair.handshake() == (0, 0))
    #expect(unsafe SSL_get0_peer_certificate(pair.client) != nil)
    let alone = PreSharedPair(version: TLS1_2_VERSION, certificate: nil, old: true, ciphers: "PSK")
    #expect(alone.handshake() == (0, 0))
    #expect(unsafe String(cString: SSL_get_psk_identity(alone.server)) == "id")
  }

  @Test func `the callbacks of TLS 1.2 are asked in TLS 1.3 too`() {
    let pair = PreSharedPair(old: true)
    #expect(pair.handshake() == (0, 0))
    #expect(pair.notes.lookUps == 1)
  }
}
