import ArgumentParser
import SansIOTLS

/// The certificates and keys named on the command line. Each error names the option and the file.
enum Credentials {
  /// Reads one or more certificates from a PEM file.
  ///
  /// - Throws: `ExitCode` after reporting the error.
  static func certificates(_ file: NamedFile) throws -> [TLSCertificate] {
    let bytes = try file.read()
    do throws(TLSError) {
      return try TLSCertificate.bundle(pem: bytes)
    } catch {
      throw ExitReport.refused("\(file): \(defect(of: bytes, error))")
    }
  }

  /// Reads one or more CRLs from a file, PEM or DER.
  ///
  /// - Throws: `ExitCode` after reporting the error.
  static func revocationLists(_ file: NamedFile) throws -> [TLSRevocationList] {
    let bytes = try file.read()
    do throws(TLSError) {
      return bytes.first == 0x30 ? [try TLSRevocationList(der: bytes)] : try TLSRevocationList.bundle(pem: bytes)
    } catch {
      throw ExitReport.refused("\(file): \(TLSErrorText.line(error))")
    }
  }

  /// Reads an OCSP response.
  ///
  /// - Throws: `ExitCode` after reporting the error.
  static func staple(_ file: NamedFile) throws -> TLSStapleHolder {
    let bytes = try file.read()
    do throws(TLSError) { return try TLSStapleHolder(bytes) } catch {
      throw ExitReport.refused("\(file): \(TLSErrorText.line(error))")
    }
  }

  /// Reads a chain and its private key.
  ///
  /// - Parameters:
  ///   - chain: the certificates, leaf first.
  ///   - key: the leaf's key: a file, or a URI.
  ///   - passphrase: the file with the passphrase of an encrypted key.
  ///   - library: decodes the key.
  /// - Throws: `ExitCode` after reporting the error.
  static func identity(
    chain: NamedFile, key: NamedFile, passphrase: NamedFile?, library: TLSLibraryContext
  ) throws -> TLSIdentity {
    let chainCertificates = try certificates(chain)
    if key.isURI { return try identity(of: chainCertificates, keyURI: key, passphrase: passphrase, library: library) }
    let certificates = chainCertificates.map(\.der)
    let keyBytes = try key.read()
    let secret = try passphrase.map(Passphrase.read)
    do throws(TLSError) {
      if let passphrase, let unlocked = try? TLSIdentity(derChain: certificates, privateKey: keyBytes, library: library)
      {
        StandardError.say("warning: \(passphrase) has no effect: the key in \(key.path) is not encrypted")
        return unlocked
      }
      return try TLSIdentity(derChain: certificates, privateKey: keyBytes, passphrase: secret, library: library)
    } catch {
      switch error.code {
      case .missingPassphrase: throw ExitReport.refused("\(key): the key is encrypted; give --passphrase-file FILE")
      case .wrongPassphrase, .passphraseTooLong:
        let name = passphrase?.description ?? key.description
        throw ExitReport.refused("\(name): \(error.hint) in \(key.path)")
      case .invalidPrivateKey where !contains("PRIVATE KEY-----", keyBytes) && keyBytes.first != 0x30:
        throw ExitReport.refused("\(key): no private key in it")
      default: throw ExitReport.refused("\(key): \(TLSErrorText.line(error))")
      }
    }
  }

  /// A chain, and a key that libcrypto finds: of a token, or in a file. The library's hints name the URI without its
  /// PIN.
  private static func identity(
    of chain: [TLSCertificate], keyURI: NamedFile, passphrase: NamedFile?, library: TLSLibraryContext
  ) throws -> TLSIdentity {
    let secret = try passphrase.map(Passphrase.read)
    do throws(TLSError) {
      return try TLSIdentity(certificates: chain, privateKeyURI: keyURI.path, passphrase: secret, library: library)
    } catch {
      switch error.code {
      case .missingPassphrase: throw ExitReport.refused("\(keyURI.option): \(error.hint); give --passphrase-file FILE")
      case .wrongPassphrase, .passphraseTooLong:
        throw ExitReport.refused("\(passphrase?.description ?? keyURI.option): \(error.hint)")
      default: throw ExitReport.refused("\(keyURI.option): \(TLSErrorText.line(error))")
      }
    }
  }

  /// Reports the option that caused an error of the context.
  static func contextRefused(_ error: TLSError, chain: String?, key: String?, serverName: String?) -> ExitCode {
    switch error.code {
    case .keyDoesNotMatchCertificate:
      ExitReport.refused(
        "--private-key \(key ?? ""): it is not the key of the certificate in \(chain ?? "") (\(error.code))")
    case .identityRefused: ExitReport.refused("--certificate \(chain ?? ""): \(TLSErrorText.line(error))")
    case .invalidServerName: ExitReport.refused("--server-name \(serverName ?? ""): \(nameDefect(error))")
    default: ExitReport.refused(TLSErrorText.line(error))
    }
  }

  /// The defect of a file that contains no certificate.
  private static func defect(of bytes: [UInt8], _ error: TLSError) -> String {
    if contains("CERTIFICATE-----", bytes) { return TLSErrorText.line(error) }
    if bytes.first == 0x30 {
      return "no certificate in PEM form in it; if it is one in DER form, 'openssl x509 -inform der' converts it"
    }
    return "no certificate in it"
  }

  /// The first clause of a hint, such as "the server name has an empty label"; the rest advises callers of the library.
  private static func nameDefect(_ error: TLSError) -> String {
    let clause = error.hint.prefix { $0 != ";" }
    let subject = "the server name "
    return (clause.hasPrefix(subject) ? "it " + clause.dropFirst(subject.count) : String(clause))
      + "; a DNS name or an IP address is expected"
  }

  private static func contains(_ text: String, _ bytes: [UInt8]) -> Bool {
    bytes.contains(Array(text.utf8))
  }
}
