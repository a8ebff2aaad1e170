import ArgumentParser
import SansIOTLS
import SansIOTLSTransports

/// The parameters offered and accepted beyond versions, and the values derived from the connection.
struct ParameterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Key-exchange groups, preferred first, for example x25519,secp256r1.", valueName: "a,b"))
  var groups: String?

  @Option(
    help: ArgumentHelp(
      "Suites of TLS 1.2, as 'openssl ciphers' lists them, for example ECDHE+AESGCM.", valueName: "list"))
  var ciphers: String?

  @Option(
    help: ArgumentHelp(
      "Suites of TLS 1.3, preferred first, for example TLS_AES_128_GCM_SHA256.", valueName: "a,b"))
  var cipherSuites: String?

  @Option(
    help: ArgumentHelp("libssl's security level, 0 to 5; without it, the system's.", valueName: "level"))
  var securityLevel: Int?

  @Option(
    help: ArgumentHelp(
      "After the handshake, write 32 bytes of keying material of this label to standard error (RFC 5705), in "
        + "hexadecimal. Both sides have the same.", valueName: "label"))
  var export: String?

  @Option(
    help: ArgumentHelp(
      "After the handshake, write the channel binding of this type to standard error, in base64.",
      valueName: "tls-exporter|tls-unique|tls-server-end-point"))
  var channelBinding: Binding?

  /// The values of --channel-binding: the names in the IANA registry.
  enum Binding: String, ExpressibleByArgument, CaseIterable {
    case exporter = "tls-exporter"
    case unique = "tls-unique"
    case serverEndPoint = "tls-server-end-point"

    var value: TLSEngine.ChannelBinding {
      switch self {
      case .exporter: .exporter
      case .unique: .unique
      case .serverEndPoint: .serverEndPoint
      }
    }
  }

  func check() throws {
    if let securityLevel, !(0...5).contains(securityLevel) {
      throw ValidationError("--security-level \(securityLevel) does not exist; choose 0 to 5")
    }
    if let export, !(1...249).contains(export.utf8.count) {
      throw ValidationError("--export takes a label of 1 to 249 bytes")
    }
    if let groups, Self.names(in: groups).contains("") {
      throw ValidationError("--groups takes names separated by commas")
    }
    if let cipherSuites, Self.names(in: cipherSuites).contains("") {
      throw ValidationError("--cipher-suites takes names separated by commas")
    }
    if ciphers == "" { throw ValidationError("--ciphers takes a list of suites") }
  }

  /// - Throws: `ExitCode` after reporting the option and the name that is unknown.
  func apply(to configuration: inout TLSContext.Configuration, _ library: TLSLibraryContext) throws {
    configuration.cipherList = ciphers
    configuration.securityLevel = securityLevel
    do throws(TLSError) {
      if let groups {
        var list: [TLSGroup] = []
        for name in Self.names(in: groups) { list.append(try TLSGroup(name: name, in: library)) }
        configuration.groups = list
      }
    } catch {
      throw ExitReport.refused("--groups \(groups ?? ""): \(TLSErrorText.line(error))")
    }
    do throws(TLSError) {
      if let cipherSuites {
        var list: [TLSCipherSuite] = []
        for name in Self.names(in: cipherSuites) { list.append(try TLSCipherSuite(name: name)) }
        configuration.cipherSuites = list
      }
    } catch {
      throw ExitReport.refused("--cipher-suites \(cipherSuites ?? ""): \(TLSErrorText.line(error))")
    }
  }

  /// Writes what was requested of the completed handshake.
  func report(_ relay: borrowing Relay) {
    if let export {
      do throws(TLSError) {
        let material = try relay.engine.exportKeyingMaterial(label: export, count: 32)
        StandardError.write("exported \(export): \(material.hexadecimal())\n")
      } catch {
        StandardError.say("--export \(export): \(TLSErrorText.line(error))")
      }
    }
    if let channelBinding {
      do throws(TLSError) {
        let binding = try relay.engine.channelBinding(channelBinding.value)
        StandardError.write("channel binding \(channelBinding.rawValue): \(Base64.text(binding))\n")
      } catch {
        StandardError.say("--channel-binding \(channelBinding.rawValue): \(TLSErrorText.line(error))")
      }
    }
  }

  private static func names(in list: String) -> [String] {
    list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}
