// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-or-later
import PackageDescription

// One direction of dependency, bottom to top:
//   CE7Schema ← E7Lane ← E7IPC ← E7Rules ← E7Console ← e7-client
//   CE7Linux ← E7System ← E7Loop, E7Files ← e7-broker, e7-client
//   CE7Linux ← E7System ← E7Netlink, E7PrivCore ← e7-priv
//   CE7Linux ← CE7Sandbox ← e7-priv, e7-broker
//   E7System ← E7Unix ← E7Groups ← e7-supervisor
//   E7Netlink ← E7Groups ← E7Questions ← e7-broker
// What e7-priv does not need stands in targets that it does not link.

let common: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

// Embedded Swift has no runtime: nothing is in the program but what stands in these sources.
let isEmbedded = Context.environment["E7_EMBEDDED"] == "1"

// What e7-priv links keeps to the subset that Embedded Swift compiles too.
let trusted: [SwiftSetting] =
  common + [
    .treatWarning("EmbeddedRestrictions", as: .error)
  ] + (isEmbedded ? [.enableExperimentalFeature("Embedded")] : [])

let hardened: [LinkerSetting] = [
  .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"])
]

let package = Package(
  name: "e7",
  products: [
    .executable(name: "e7-priv", targets: ["e7-priv"]),
    .executable(name: "e7-supervisor", targets: ["e7-supervisor"]),
    .executable(name: "e7-broker", targets: ["e7-broker"]),
    .executable(name: "e7-client", targets: ["e7-client"]),
  ],
  dependencies: [
    // Arguments and help of e7-client, by the Swift project itself.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    // Logging of e7-broker: the ecosystem's interface.
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
  ],
  targets: [
    .target(name: "CE7Schema"),
    .target(name: "CE7Words"),
    .target(name: "CE7Linux", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "CE7Unix", dependencies: ["CE7Linux"], cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "CE7Loop", dependencies: ["CE7Linux"], cSettings: [.define("_GNU_SOURCE")]),
    // The reference libraries of capabilities(7) and of seccomp(2).
    .target(
      name: "CE7Sandbox", dependencies: ["CE7Linux"], cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: [.linkedLibrary("cap"), .linkedLibrary("seccomp")]),
    .target(
      name: "CE7BrokerCalls", dependencies: ["CE7Sandbox"], cSettings: [.define("_GNU_SOURCE")]),

    .target(name: "E7Text", swiftSettings: trusted),
    .target(name: "E7Lane", dependencies: ["CE7Schema", "E7Text"], swiftSettings: trusted),
    .target(
      name: "E7IPC", dependencies: ["CE7Schema", "CE7Words", "E7Lane", "E7Text"],
      swiftSettings: common),
    .target(name: "E7System", dependencies: ["CE7Linux", "E7Text"], swiftSettings: trusted),
    .target(
      name: "E7Netlink",
      dependencies: ["CE7Linux", "CE7Schema", "E7Lane", "E7System", "E7Text"],
      swiftSettings: trusted),
    // What e7-supervisor has beyond what e7-priv needs, and compiles as it does.
    .target(
      name: "E7Unix", dependencies: ["CE7Linux", "CE7Unix", "E7System", "E7Text"],
      swiftSettings: trusted),
    .target(
      name: "E7Groups",
      dependencies: [
        "CE7Linux", "CE7Schema", "CE7Unix", "E7Lane", "E7Netlink", "E7System",
        "E7Text",
      ],
      swiftSettings: trusted),
    .target(
      name: "E7Questions",
      dependencies: [
        "CE7Linux", "CE7Schema", "E7Groups", "E7IPC", "E7Netlink", "E7System", "E7Unix",
      ],
      swiftSettings: common),
    .target(
      name: "E7Loop", dependencies: ["CE7Linux", "CE7Loop", "E7System", "E7Text"],
      swiftSettings: common),
    .target(
      name: "E7PrivCore",
      dependencies: [
        "CE7Linux", "CE7Schema", "E7Lane", "E7System", "E7Text",
      ],
      swiftSettings: trusted),
    .target(name: "E7Rules", dependencies: ["CE7Schema", "E7IPC"], swiftSettings: common),
    .target(
      name: "E7BrokerCore",
      dependencies: [
        "CE7Linux", "CE7Schema", "CE7Unix", "E7IPC", "E7Rules",
      ],
      swiftSettings: common),
    .target(
      name: "E7Files", dependencies: ["CE7Linux", "CE7Loop", "E7Loop", "E7System", "E7Unix"],
      swiftSettings: common),
    .target(
      name: "E7Console", dependencies: ["CE7Schema", "E7IPC", "E7Rules"], swiftSettings: common),

    .executableTarget(
      name: "e7-priv",
      dependencies: [
        "CE7Linux", "CE7Sandbox", "CE7Schema", "E7Lane", "E7Netlink", "E7PrivCore",
        "E7System", "E7Text",
      ],
      swiftSettings: trusted, linkerSettings: hardened),
    .executableTarget(
      name: "e7-supervisor",
      dependencies: [
        "CE7Linux", "CE7Schema", "CE7Unix", "E7Groups", "E7Lane", "E7Netlink", "E7System", "E7Text",
        "E7Unix",
      ],
      swiftSettings: trusted, linkerSettings: hardened),
    .executableTarget(
      name: "e7-broker",
      dependencies: [
        "CE7BrokerCalls", "CE7Linux", "CE7Sandbox", "CE7Schema", "E7BrokerCore", "E7IPC", "E7Loop",
        "E7Netlink", "E7Questions", "E7Rules", "E7System", "E7Text", "E7Unix",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common, linkerSettings: hardened),
    .executableTarget(
      name: "e7-client",
      dependencies: [
        "CE7Linux", "CE7Schema", "E7Console", "E7Files", "E7IPC", "E7Loop", "E7Rules", "E7System",
        "E7Unix",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: common, linkerSettings: hardened),

    // What the suites below share.
    .target(name: "CE7Probe", path: "Tests/CE7Probe", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "E7TestSupport", path: "Tests/E7TestSupport", swiftSettings: common),
    .testTarget(
      name: "E7IPCTests", dependencies: ["CE7Schema", "E7IPC", "E7Lane", "E7TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "E7SystemTests",
      dependencies: [
        "CE7Linux", "CE7Loop", "CE7Probe", "E7Loop", "E7System", "E7TestSupport", "E7Unix",
      ],
      swiftSettings: common),
    .testTarget(
      name: "E7NetlinkTests",
      dependencies: [
        "CE7Linux", "CE7Schema", "E7Groups", "E7IPC", "E7Netlink", "E7Questions", "E7System",
        "E7TestSupport",
      ],
      swiftSettings: common),
    .testTarget(
      name: "E7SandboxTests",
      dependencies: [
        "CE7BrokerCalls", "CE7Probe", "CE7Sandbox", "E7System", "E7Text",
      ],
      swiftSettings: common),
    .testTarget(
      name: "E7PrivCoreTests",
      dependencies: ["CE7Linux", "CE7Schema", "E7IPC", "E7PrivCore", "E7System", "E7Unix"],
      swiftSettings: common),
    .testTarget(
      name: "E7RulesTests", dependencies: ["CE7Schema", "E7IPC", "E7Rules", "E7TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "E7BrokerCoreTests",
      dependencies: ["CE7Schema", "E7BrokerCore", "E7IPC", "E7Rules", "E7TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "E7ConsoleTests", dependencies: ["CE7Schema", "E7Console", "E7IPC", "E7Rules"],
      swiftSettings: common),
    .testTarget(
      name: "E7FilesTests", dependencies: ["E7Files", "E7System"], swiftSettings: common),
  ],
  swiftLanguageModes: [.v6]
)
