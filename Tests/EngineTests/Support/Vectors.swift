import Foundation

/// The shared test vectors: `PENSTOCK_VECTORS`, else `shared/vectors` beside the package.
enum Vectors {
    static let root: String =
        ProcessInfo.processInfo.environment["PENSTOCK_VECTORS"]
        ?? URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("shared/vectors").path

    static func exist(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(name)") }

    static func json(_ name: String) throws -> Any {
        try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")), options: [.fragmentsAllowed])
    }

    /// The `cases` of a vector file.
    static func cases(_ name: String) throws -> [[String: Any]] {
        (try json(name) as? [String: Any])?["cases"] as? [[String: Any]] ?? []
    }
}

struct VectorError: Error {}
