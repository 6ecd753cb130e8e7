/// Values that come through the API. They may be credentials, so they are kept as secrets.
struct Parameters: Sendable {
    private var values: [String: Secret] = [:]
    /// The elements as JSON texts and as they go into a request.
    private var lists: [String: [(json: Secret, text: Secret)]] = [:]
    private(set) var names: [String] = []

    subscript(name: String) -> String? { values[name]?.reveal() }

    /// A parameter that is a list, or one value as a list of one.
    func list(_ name: String) -> [OverValue]? {
        lists[name]?.map { OverValue(json: $0.json.reveal(), text: $0.text.reveal()) }
    }

    /// Of an object that was checked. Given again, a parameter has the later value.
    mutating func add(_ place: DocumentPlace?) {
        for (name, value) in place?.members ?? [] {
            let elements = value.elements.compactMap { OverValue($0.value) }
            lists[name] = elements.map { (json: Secret($0.json), text: Secret($0.text ?? "")) }
            values[name] = value.value.scalarText.map { Secret($0) }
            if !names.contains(name) { names.append(name) }
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
