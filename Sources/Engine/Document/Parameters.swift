/// Values that come through the API. They may be credentials, so they are kept as secrets.
struct Parameters: Sendable {
    private var values: [String: Secret] = [:]
    private(set) var names: [String] = []

    subscript(name: String) -> String? { values[name]?.reveal() }

    /// Of an object that was checked. Given again, a parameter has the later value.
    mutating func add(_ place: DocumentPlace?) {
        for (name, value) in place?.members ?? [] {
            guard let text = value.value.scalarText else { continue }
            if values.updateValue(Secret(text), forKey: name) == nil { names.append(name) }
        }
    }
}

extension JSONValue {
    /// A text, number or flag as the text that goes into a request.
    var scalarText: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .int(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .real(let number): Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .null, .array, .object: nil
        }
    }
}
