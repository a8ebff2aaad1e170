// swift-tools-version: 6.2
import PackageDescription

// libFuzzer over the engine. `Tests/Fuzz/run SECONDS` builds it with the runtimes of the fuzzer and the address
// sanitizer, and runs each target; the script describes how to replay a finding.
let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "swift-sans-io-tls", path: "../..")],
  targets: [
    .target(name: "CLibFuzzer"),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "CLibFuzzer",
        .product(name: "SansIOTLS", package: "swift-sans-io-tls"),
        .product(name: "SansIOTLSTestKit", package: "swift-sans-io-tls"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ]
)
