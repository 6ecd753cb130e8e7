// swift-tools-version: 6.2
import PackageDescription

// The rooms and their arrows are drawn in ARCHITECTURE.md. Engine imports nothing; IO has every effect;
// ABI exports the C functions; penstock only links.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// String searching by way of the regex engine costs 1.5 MB in the shared object; with its module out of sight the
// compiler refuses it.
let lean: [SwiftSetting] = strict + [.unsafeFlags(["-disable-implicit-string-processing-module-import"])]

let package = Package(
    name: "penstock",
    products: [
        .library(name: "penstock", type: .dynamic, targets: ["penstock"])
    ],
    targets: [
        // The C doors: a module map and a small shim header each.
        .systemLibrary(name: "CPenstock", path: "include"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CXXHash"),
        .systemLibrary(name: "CLinux"),

        .target(name: "Engine", swiftSettings: lean),
        .target(
            name: "IO",
            dependencies: ["Engine", "CCurl", "CCrypto", "CJansson", "CSQLite", "CZlib", "CXXHash", "CLinux"],
            swiftSettings: lean),
        .target(name: "ABI", dependencies: ["IO", "Engine", "CPenstock"], swiftSettings: lean),

        // The link unit. These flags live on a leaf that no test depends on: -no-undefined and a version script
        // break `swift test` and the sanitizers.
        .target(
            name: "penstock", dependencies: ["ABI"], exclude: ["exports.map"],
            linkerSettings: [
                .unsafeFlags(
                    [
                        "-static-stdlib",
                        "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/penstock/exports.map",
                        "-Xlinker", "-soname=libpenstock.so.0",
                        "-Xlinker", "--gc-sections",
                        "-Xlinker", "--as-needed",
                        "-Xlinker", "-z", "-Xlinker", "nodelete",
                        "-Xlinker", "--no-undefined",
                    ], .when(platforms: [.linux], configuration: .release))
            ]),

        // Prints the scanner's speed beside jansson's: swift run -c release ScannerBench
        .executableTarget(
            name: "ScannerBench", dependencies: ["Engine", "CJansson"], path: "Tests/bench/ScannerBench",
            swiftSettings: strict),

        // The virtual clock and the simulated world of the tests. In no product.
        .target(name: "EngineTestKit", dependencies: ["Engine"], path: "Tests/EngineTestKit", swiftSettings: strict),
        .testTarget(name: "EngineTests", dependencies: ["Engine", "EngineTestKit"], swiftSettings: strict),
        .testTarget(name: "SimulationTests", dependencies: ["Engine", "EngineTestKit"], swiftSettings: strict),
        .testTarget(
            name: "IOTests", dependencies: ["IO", "Engine", "EngineTestKit", "CCurl", "CJansson"], swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
