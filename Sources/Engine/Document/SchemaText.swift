/// The JSON Schema (draft 2020-12) of source documents and of the other JSON texts that functions take, written from
/// the shapes that documents are checked against.
public enum SchemaText {
    /// One line of JSON, the same in every process.
    public static let text: String = {
        var writer = JSONWriter()
        writer.value(value)
        return writer.text
    }()

    static var value: JSONValue {
        var writer = SchemaWriter()
        var members: [JSONValue.Member] = [
            .init(name: "$schema", value: .string("https://json-schema.org/draft/2020-12/schema"))
        ]
        members += writer.members(of: .object(Vocabulary.source))
        members.append(.init(name: "examples", value: .array([Vocabulary.example])))
        for (name, shape) in Vocabulary.otherTexts { writer.define(name, shape) }
        let definitions = writer.definitions.sorted { $0.name < $1.name }
        members.append(.init(name: "$defs", value: .object(definitions)))
        return .object(members)
    }
}

private struct SchemaWriter {
    var definitions: [JSONValue.Member] = []
    private var begun: Set<String> = []

    mutating func define(_ name: String, _ shape: Shape, description: String? = nil) {
        guard begun.insert(name).inserted else { return }
        var members = members(of: shape)
        if let description { members.insert(.init(name: "description", value: .string(description)), at: 0) }
        definitions.append(.init(name: name, value: .object(members)))
    }

    mutating func schema(_ shape: Shape) -> JSONValue {
        let members = members(of: shape)
        return members.isEmpty ? .bool(true) : .object(members)
    }

    mutating func members(of shape: Shape) -> [JSONValue.Member] {
        switch shape {
        case .any: return []
        case .null: return type("null")
        case .flag: return type("boolean")
        case .number: return type("number")
        case .integer(let bounds):
            var members = type("integer")
            members.append(.init(name: "minimum", value: .int(bounds.lowerBound)))
            if bounds.upperBound < .max { members.append(.init(name: "maximum", value: .int(bounds.upperBound))) }
            return members
        case .text(let form): return type("string") + self.members(of: form)
        case .list(let element, let bounds):
            return type("array") + [
                .init(name: "items", value: schema(element)),
                .init(name: "minItems", value: .int(Int64(bounds.lowerBound))),
                .init(name: "maxItems", value: .int(Int64(bounds.upperBound))),
            ]
        case .map(let names, let values):
            return type("object") + [
                .init(name: "propertyNames", value: .object(members(of: names))),
                .init(name: "additionalProperties", value: schema(values)),
                .init(name: "maxProperties", value: .int(Int64(Shape.maximumMembers))),
            ]
        case .object(let object): return members(of: object)
        case .choice(let shapes): return [.init(name: "anyOf", value: .array(shapes.map { schema($0) }))]
        case .keyed(let objects), .tagged(let objects):
            return [.init(name: "anyOf", value: .array(objects.map { .object(members(of: $0)) }))]
        // The document itself, where a job holds one.
        case .named(let definition) where definition.name == Vocabulary.sourceDocument.name:
            return [.init(name: "$ref", value: .string("#"))]
        case .named(let definition):
            define(definition.name, definition.shape(), description: definition.description)
            return [.init(name: "$ref", value: .string("#/$defs/\(definition.name)"))]
        }
    }

    private func type(_ name: String) -> [JSONValue.Member] { [.init(name: "type", value: .string(name))] }

    private func members(of form: TextForm) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if case .one(let texts) = form {
            return [.init(name: "enum", value: .array(texts.map { .string($0) }))]
        }
        if let length = form.length {
            if length.lowerBound > 0 {
                members.append(.init(name: "minLength", value: .int(Int64(length.lowerBound))))
            }
            members.append(.init(name: "maxLength", value: .int(Int64(length.upperBound))))
        }
        if let pattern = form.pattern { members.append(.init(name: "pattern", value: .string(pattern))) }
        switch form {
        case .line, .path, .pathOfMany, .url, .origin, .proxy:
            let control = JSONValue.Member(name: "pattern", value: .string("[\\u0000-\\u001F\\u007F]"))
            members.append(.init(name: "not", value: .object([control])))
        case .duration(let bounds):
            // JSON Schema has no bounds for durations: annotations for people and tools.
            members.append(.init(name: "x-minimum", value: .string(bounds.lowerBound.documentText)))
            members.append(.init(name: "x-maximum", value: .string(bounds.upperBound.documentText)))
        default: break
        }
        return members
    }

    private mutating func members(of object: ObjectShape) -> [JSONValue.Member] {
        var properties: [JSONValue.Member] = []
        var required: [JSONValue] = []
        if let tag = object.tag {
            properties.append(.init(name: "type", value: .object([.init(name: "const", value: .string(tag))])))
            required.append(.string("type"))
        }
        for key in object.keys {
            properties.append(.init(name: key.name, value: schema(of: key)))
            if key.required { required.append(.string(key.name)) }
        }
        var result: [JSONValue.Member] = [
            .init(name: "title", value: .string(object.title)),
            .init(name: "description", value: .string(object.description)),
            .init(name: "type", value: .string("object")),
            .init(name: "properties", value: .object(properties)),
        ]
        if !required.isEmpty { result.append(.init(name: "required", value: .array(required))) }
        result.append(.init(name: "additionalProperties", value: .bool(false)))
        if !object.needsOneOf.isEmpty {
            result.append(.init(name: "anyOf", value: .array(object.needsOneOf.map { Self.requiring([$0]) })))
        }
        var excluded: [JSONValue] = []
        for group in object.exclusive {
            for (index, first) in group.enumerated() {
                for second in group.dropFirst(index + 1) {
                    excluded.append(.object([.init(name: "not", value: Self.requiring([first, second]))]))
                }
            }
        }
        if !excluded.isEmpty { result.append(.init(name: "allOf", value: .array(excluded))) }
        if !object.dependent.isEmpty {
            let pairs = object.dependent.map { JSONValue.Member(name: $0.key, value: .array([.string($0.on)])) }
            result.append(.init(name: "dependentRequired", value: .object(pairs)))
        }
        return result
    }

    private static func requiring(_ names: [String]) -> JSONValue {
        .object([.init(name: "required", value: .array(names.map { .string($0) }))])
    }

    private mutating func schema(of key: Key) -> JSONValue {
        var members: [JSONValue.Member] = [.init(name: "description", value: .string(key.description))]
        members += self.members(of: key.shape)
        // A description of the object itself would stand there twice; the key's own says more.
        if let again = members.dropFirst().firstIndex(where: { $0.name == "description" }) { members.remove(at: again) }
        if let value = key.defaultValue { members.append(.init(name: "default", value: value)) }
        if !key.examples.isEmpty { members.append(.init(name: "examples", value: .array(key.examples))) }
        return .object(members)
    }
}
