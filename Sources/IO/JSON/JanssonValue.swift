internal import CJansson
internal import Engine

/// The owner of one jansson value.
struct JanssonValue: ~Copyable {
    private let root: UnsafeMutablePointer<json_t>

    /// Hash seeds are per process and jansson's first use of an object would set one anyway; done here once, before
    /// any value exists, because that lazy path is not safe with threads everywhere.
    private static let seeded: Void = json_object_seed(0)

    struct Failure: Error {
        var code: Int32
        var line: Int
        var column: Int
        var offset: Int
        var message: String
        /// A number outside `json_int_t` or `double`: right JSON all the same.
        var isNumericOverflow: Bool { code == Int32(json_error_numeric_overflow.rawValue) }
    }

    init(_ bytes: UnsafeRawBufferPointer, flags: Int) throws(Failure) {
        _ = Self.seeded
        var error = json_error_t()
        guard let root = json_loadb(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, flags, &error)
        else {
            throw Failure(
                code: penstock_json_error_code(&error), line: Int(error.line), column: Int(error.column),
                offset: Int(error.position), message: String(cString: penstock_json_error_text(&error)))
        }
        self.root = root
    }

    deinit { json_decref(root) }

    /// As the engine's own value. As deep as the text was, which the scanner has bounded.
    var value: JSONValue { Self.value(root) }

    private static func value(_ json: UnsafeMutablePointer<json_t>) -> JSONValue {
        switch json.pointee.type {
        case JSON_TRUE: return .bool(true)
        case JSON_FALSE: return .bool(false)
        case JSON_INTEGER: return .int(Int64(json_integer_value(json)))
        case JSON_REAL: return .real(json_real_value(json))
        case JSON_STRING:
            return .string(text(json_string_value(json), json_string_length(json)))
        case JSON_ARRAY:
            let count = json_array_size(json)
            var elements: [JSONValue] = []
            elements.reserveCapacity(count)
            for i in 0..<count { if let element = json_array_get(json, i) { elements.append(value(element)) } }
            return .array(elements)
        case JSON_OBJECT:
            var members: [JSONValue.Member] = []
            members.reserveCapacity(json_object_size(json))
            var next = json_object_iter(json)
            while let at = next {
                if let member = json_object_iter_value(at) {
                    let name = text(json_object_iter_key(at), json_object_iter_key_len(at))
                    members.append(JSONValue.Member(name: name, value: value(member)))
                }
                next = json_object_iter_next(json, at)
            }
            return .object(members)
        default: return .null
        }
    }

    private static func text(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count), as: UTF8.self)
    }
}
