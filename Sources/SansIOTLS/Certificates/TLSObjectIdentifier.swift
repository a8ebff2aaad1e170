/// An object identifier: the name of an attribute, an extension, an algorithm or a purpose.
public struct TLSObjectIdentifier: Sendable, Hashable, CustomStringConvertible {
  /// The numbers, for example `2.5.4.3`.
  public let dotted: String

  /// Creates an identifier from its numbers.
  ///
  /// - Parameter dotted: the numbers, separated by full stops. They are not checked: another text is an identifier that
  ///   nothing has.
  public init(_ dotted: String) { self.dotted = dotted }

  /// libcrypto's short name with the numbers, for example `CN (2.5.4.3)`, or the numbers alone.
  public var description: String { shortName.map { "\($0) (\(dotted.printable))" } ?? dotted.printable }
}

// MARK: Attributes of a distinguished name

extension TLSObjectIdentifier {
  /// A common name.
  public static let commonName = TLSObjectIdentifier("2.5.4.3")
  /// A country, as two letters.
  public static let country = TLSObjectIdentifier("2.5.4.6")
  /// A town or region.
  public static let locality = TLSObjectIdentifier("2.5.4.7")
  /// A state or province.
  public static let state = TLSObjectIdentifier("2.5.4.8")
  /// An organization.
  public static let organization = TLSObjectIdentifier("2.5.4.10")
  /// A unit of an organization.
  public static let organizationalUnit = TLSObjectIdentifier("2.5.4.11")
  /// A mail address, in the subject.
  public static let emailAddress = TLSObjectIdentifier("1.2.840.113549.1.9.1")
}

// MARK: Purposes

extension TLSObjectIdentifier {
  /// Any purpose (`anyExtendedKeyUsage`).
  public static let anyPurpose = TLSObjectIdentifier("2.5.29.37.0")
  /// The authentication of a server (`id-kp-serverAuth`).
  public static let serverAuthentication = TLSObjectIdentifier("1.3.6.1.5.5.7.3.1")
  /// The authentication of a client (`id-kp-clientAuth`).
  public static let clientAuthentication = TLSObjectIdentifier("1.3.6.1.5.5.7.3.2")
  /// The signature of code (`id-kp-codeSigning`).
  public static let codeSigning = TLSObjectIdentifier("1.3.6.1.5.5.7.3.3")
  /// The protection of mail (`id-kp-emailProtection`).
  public static let mailProtection = TLSObjectIdentifier("1.3.6.1.5.5.7.3.4")
  /// The signature of OCSP responses (`id-kp-OCSPSigning`).
  public static let ocspSigning = TLSObjectIdentifier("1.3.6.1.5.5.7.3.9")
}
