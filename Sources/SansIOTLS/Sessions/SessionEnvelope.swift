/// A session as bytes: libssl's own encoding, and what that loses. Big-endian lengths stand before every value, and a
/// SHA-256 digest of all else before everything: damage is found before any of it is used.
struct SessionEnvelope: Equatable {
  /// In canonical form.
  var serverName: TLSServerName
  var isAcceptedOutOfDate: Bool
  var pausesAtPeerCertificates: Bool
  var pausesAtCertificateRequest: Bool
  var domain: String?
  /// The peer's certificates in DER form, its own first.
  var chain: [[UInt8]]
  /// The leaf certificates of the client's identities in DER form, in the order of their bytes.
  var identities: [[UInt8]]
  /// The pins of the client, in the order of their bytes.
  var pins: [[UInt8]]
  var staple: StapleProof
  /// The identity of the pre-shared key that proved the server; `nil` in most. It stands last, and only where its flag
  /// is set: sessions without one are as they were.
  var preSharedIdentity: [UInt8]?

  /// "SIT" and the version of this format.
  static let mark: [UInt8] = [0x53, 0x49, 0x54, 1]
  /// The certificates of a chain and a ticket of libssl's greatest size have room in it.
  static let limit = 1 << 20
  static let digestSize = 32

  /// All but the digest and libssl's encoding, which holds the secret and is appended last, where it is not copied
  /// again.
  var head: [UInt8] {
    var bytes = Self.mark
    bytes.append(
      UInt8(isAcceptedOutOfDate ? 1 : 0) | UInt8(pausesAtPeerCertificates ? 2 : 0)
        | UInt8(pausesAtCertificateRequest ? 4 : 0) | UInt8(preSharedIdentity == nil ? 0 : 8))
    switch serverName {
    case .dns(let name): bytes.appendValue([0] + name.utf8)
    case .ip(let address): bytes.appendValue([1] + address.utf8)
    case .unverified(sni: nil): bytes.appendValue([2])
    case .unverified(sni: let name?): bytes.appendValue([3] + name.utf8)
    case .anyOf(let names, let sni):
      var value: [UInt8] = [4]
      value.appendValue(sni.map { [1] + $0.utf8 } ?? [0])
      value.appendValues(names.map { Array($0.utf8) })
      bytes.appendValue(value)
    }
    bytes.appendValue(domain.map { [1] + $0.utf8 } ?? [0])
    bytes.appendValues(chain)
    bytes.appendValues(identities)
    bytes.appendValues(pins)
    bytes.appendValue(staple.bytes)
    if let preSharedIdentity { bytes.appendValue(preSharedIdentity) }
    return bytes
  }

  /// Reads the head, and leaves libssl's encoding.
  ///
  /// - Parameter bytes: all but the digest; afterwards libssl's encoding.
  init(head bytes: inout ArraySlice<UInt8>) throws(TLSError) {
    guard let format = bytes.removeBytes(Self.mark.count)?.last else { throw Self.damaged }
    guard format == Self.mark.last else {
      throw Self.fault("has format \(format), and this library reads format \(Self.mark.last ?? 0)")
    }
    guard let flags = bytes.popFirst(), flags & ~15 == 0, var name = bytes.removeValue(), let kind = name.popFirst(),
      var domain = bytes.removeValue(), let hasDomain = domain.popFirst(), let chain = bytes.removeValues(),
      let identities = bytes.removeValues(), let pins = bytes.removeValues(), let proof = bytes.removeValue(),
      let staple = StapleProof(bytes: proof), let serverName = Self.serverName(kind, name)
    else { throw Self.damaged }
    isAcceptedOutOfDate = flags & 1 != 0
    pausesAtPeerCertificates = flags & 2 != 0
    pausesAtCertificateRequest = flags & 4 != 0
    self.serverName = serverName
    self.domain = hasDomain == 0 ? nil : String(decoding: domain, as: UTF8.self)
    self.chain = chain
    self.identities = identities
    self.pins = pins
    self.staple = staple
    if flags & 8 != 0 {
      guard let identity = bytes.removeValue(), !identity.isEmpty else { throw Self.damaged }
      preSharedIdentity = Array(identity)
    }
  }

  init(
    serverName: TLSServerName, isAcceptedOutOfDate: Bool, pausesAtPeerCertificates: Bool,
    pausesAtCertificateRequest: Bool = false, domain: String?, chain: [[UInt8]], identities: [[UInt8]],
    pins: [[UInt8]] = [], staple: StapleProof = .notAsked, preSharedIdentity: [UInt8]? = nil
  ) {
    self.serverName = serverName
    self.isAcceptedOutOfDate = isAcceptedOutOfDate
    self.pausesAtPeerCertificates = pausesAtPeerCertificates
    self.pausesAtCertificateRequest = pausesAtCertificateRequest
    self.domain = domain
    self.chain = chain
    self.identities = identities
    self.pins = pins
    self.staple = staple
    self.preSharedIdentity = preSharedIdentity
  }

  private static func serverName(_ kind: UInt8, _ text: ArraySlice<UInt8>) -> TLSServerName? {
    let name = String(decoding: text, as: UTF8.self)
    switch kind {
    case 0: return .dns(name)
    case 1: return .ip(name)
    case 2: return text.isEmpty ? .unverified(sni: nil) : nil
    case 3: return .unverified(sni: name)
    case 4:
      var rest = text
      guard var sni = rest.removeValue(), let hasSNI = sni.popFirst(), let names = rest.removeValues(), rest.isEmpty
      else { return nil }
      return .anyOf(
        names.map { String(decoding: $0, as: UTF8.self) }, sni: hasSNI == 0 ? nil : String(decoding: sni, as: UTF8.self)
      )
    default: return nil
    }
  }

  /// Whether bytes without their digest begin as a session of any format.
  static func isSession(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.starts(with: mark.dropLast()) }

  static let damaged = fault("is damaged; connect without it")

  static func fault(_ what: String) -> TLSError { TLSError(.invalidSession, .local, hint: "the saved session \(what)") }
}
