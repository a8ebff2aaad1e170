import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Configurations can be compared, and be the keys of a cache of contexts.
struct EqualityTests {
  @Test func `configurations are equal if all that they say is equal`() throws {
    let identity = TestIdentity.server()
    var one = TLSContext.Configuration.server(try identity.identity)
    var other = TLSContext.Configuration.server(try identity.identity)
    #expect(one == other)
    #expect(Set([one, other]).count == 1)
    other.groups = [.x25519]
    #expect(one != other)
    one.groups = [.x25519]
    #expect(one == other)
    other.identities = [try TestIdentity.server().identity]
    #expect(one != other)
    #expect(TLSContext.Configuration.client() != .server())
  }

  @Test func `an identity is its chain and its key`() throws {
    let one = TestIdentity.server(key: .ed25519)
    let other = TestIdentity.server(key: .ed25519)
    #expect(try one.identity == one.identity)
    #expect(try one.identity != other.identity)
    let mixed = try TLSIdentity(derChain: [one.certificateDER], privateKey: other.privateKeyDER)
    #expect(try mixed != one.identity)
  }

  @Test func `a key log is compared by its identity`() {
    var one = TLSContext.Configuration.client()
    var other = one
    let log = TLSKeyLog { _ in }
    one.keyLog = log
    #expect(one != other)
    other.keyLog = log
    #expect(one == other)
    other.keyLog = TLSKeyLog { _ in }
    #expect(one != other)
  }
}
