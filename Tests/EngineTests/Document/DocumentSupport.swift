import Engine
import EngineTestKit
import Foundation
import Testing

/// JSON from text, scalars by Foundation.
func json(_ text: String) throws -> JSONValue {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBytes { body in
        try JSONValue(body) { scalar in
            let value = try? JSONSerialization.jsonObject(with: Data(scalar), options: [.fragmentsAllowed])
            switch value {
            case let text as String: return .string(text)
            case let number as NSNumber:
                let text = String(decoding: scalar, as: UTF8.self)
                if text == "true" || text == "false" { return .bool(text == "true") }
                if let whole = Int64(text) { return .int(whole) }
                return text.contains { ".eE".contains($0) } ? .real(number.doubleValue) : .number(text)
            default: return .null
            }
        }
    }
}

/// An environment and files that are made up.
struct FakeReferences: References {
    var variables: [String: String] = [:]
    var files: [String: String] = [:]
    var documents: [String: String] = [:]
    var zones: [String: [UInt8]] = ["Europe/Berlin": ZoneBytes.berlin]

    func environment(_ name: String) -> [UInt8]? { variables[name].map { Array($0.utf8) } }
    func file(_ path: String) throws(ReferenceError) -> [UInt8] {
        guard let text = files[path] else { throw ReferenceError("does not exist") }
        return Array(text.utf8)
    }
    func zone(_ name: String) throws(ReferenceError) -> [UInt8] {
        guard let bytes = zones[name] else { throw ReferenceError("there is none in /made/up") }
        return bytes
    }
    func document(_ path: String) throws(ReferenceError) -> JSONValue {
        guard let text = documents[path], let value = try? json(text) else { throw ReferenceError("does not exist") }
        return value
    }
    func decode(_ text: String) -> JSONValue? { try? json(text) }

    static let usual = FakeReferences(
        variables: ["TOKEN": "canary-token", "USER_NAME": "canary-user"], files: ["/run/key": "canary-file\n"])
}

/// A source of a document whose base URL is given already; `members` are the rest.
func source(
    _ members: String = "", params: String = "{}", references: FakeReferences = .usual
) throws -> Source {
    let rest = members.isEmpty ? "" : ", " + members
    return try Source.parse(
        document: json("{\"base_url\": \"https://api.example.com/v1\"\(rest)}"),
        options: .parse(json("{\"params\": \(params)}")), references: references)
}

func stream(_ members: String) throws -> Engine.Stream {
    try #require(try source("\"streams\": {\"s\": {\"path\": \"/s\", \(members)}}").streams.first)
}

func paging(_ text: String) throws -> PagingPlan { try stream("\"pagination\": \(text)").paging }

/// The failure of `body`; nil when there is none.
func failure(_ body: () throws -> some Any) throws -> Failure? {
    do {
        _ = try body()
        return nil
    } catch let failure as Failure {
        return failure
    }
}

extension TransferRequest {
    func parameter(_ name: String) -> String? { (try? WebURL(url))?.queryValue(name) }
}
