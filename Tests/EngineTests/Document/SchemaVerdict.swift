import Engine
import Foundation

/// As much of JSON Schema (draft 2020-12) as the schema uses: a second opinion on documents that shares no code with
/// the check. A keyword that it does not know is an error, so that none is passed over in silence.
struct SchemaVerdict {
    struct UnknownKeyword: Error { let name: String }
    let root: JSONValue

    func accepts(_ value: JSONValue, as definition: String? = nil) throws -> Bool {
        try accepts(value, definition.flatMap { root["$defs"]?[$0] } ?? root)
    }

    func accepts(_ value: JSONValue, _ schema: JSONValue) throws -> Bool {
        if let flag = schema.bool { return flag }
        for keyword in schema.members ?? [] {
            guard try holds(keyword.name, keyword.value, value, schema) else { return false }
        }
        return true
    }

    private func holds(_ name: String, _ rule: JSONValue, _ value: JSONValue, _ schema: JSONValue) throws -> Bool {
        switch name {
        case "$schema", "$defs", "title", "description", "default", "examples", "x-minimum", "x-maximum": return true
        case "$ref":
            let path = rule.string ?? ""
            let target = path == "#" ? root : root["$defs"]?[path.split(separator: "/").last.map(String.init) ?? ""]
            guard let target else { throw UnknownKeyword(name: path) }
            return try accepts(value, target)
        case "type":
            switch rule.string {
            case "object": return value.members != nil
            case "array": return value.array != nil
            case "string": return value.string != nil
            case "boolean": return value.bool != nil
            case "null": return value.isNull
            case "integer": return value.int != nil
            case "number": return value.double != nil
            default: throw UnknownKeyword(name: rule.string ?? "")
            }
        case "const": return value == rule
        case "enum": return rule.array?.contains(value) ?? false
        case "anyOf": return try rule.array?.contains { try accepts(value, $0) } ?? false
        case "allOf": return try rule.array?.allSatisfy { try accepts(value, $0) } ?? false
        case "not": return try !accepts(value, rule)
        case "minimum": return value.double.map { $0 >= rule.double ?? 0 } ?? true
        case "maximum": return value.double.map { $0 <= rule.double ?? 0 } ?? true
        case "minLength": return value.string.map { $0.unicodeScalars.count >= Int(rule.int ?? 0) } ?? true
        case "maxLength": return value.string.map { $0.unicodeScalars.count <= Int(rule.int ?? 0) } ?? true
        case "pattern":
            guard let text = value.string else { return true }
            // In ECMA 262 `$` is the very end; here it would also be the place before a last line break.
            let given = rule.string ?? ""
            let pattern = given.hasSuffix("$") ? given.dropLast() + "\\z" : given
            let expression = try NSRegularExpression(pattern: pattern)
            return expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
        case "minItems": return value.array.map { $0.count >= Int(rule.int ?? 0) } ?? true
        case "maxItems": return value.array.map { $0.count <= Int(rule.int ?? 0) } ?? true
        case "items": return try value.array?.allSatisfy { try accepts($0, rule) } ?? true
        case "maxProperties": return value.members.map { $0.count <= Int(rule.int ?? 0) } ?? true
        case "propertyNames": return try value.members?.allSatisfy { try accepts(.string($0.name), rule) } ?? true
        case "required":
            guard let members = value.members else { return true }
            return rule.array?.allSatisfy { name in members.contains { .string($0.name) == name } } ?? true
        case "dependentRequired":
            guard value.members != nil else { return true }
            return rule.members?.allSatisfy { pair in
                value[pair.name] == nil || pair.value.array?.allSatisfy { value[$0.string ?? ""] != nil } ?? true
            } ?? true
        case "properties":
            return try value.members?.allSatisfy { member in
                try rule[member.name].map { try accepts(member.value, $0) } ?? true
            } ?? true
        case "additionalProperties":
            let known = schema["properties"]
            return try value.members?.allSatisfy { try known?[$0.name] != nil || accepts($0.value, rule) } ?? true
        default: throw UnknownKeyword(name: name)
        }
    }
}

/// Documents out of a schema, and documents with something changed; all from a seed.
struct DocumentMaker {
    let root: JSONValue
    var fuzz: TextFuzz

    private static let texts = [
        "1s", "24h", "250ms", "10/s", "5/1m", "64MiB", "https://api.example.com", "https://a.example:8443/v1?x=1",
        "users",
        "/users", "/a/{id}", "data.items", "data[*].id", "{page.token}", "{param.id}{body.a}", "{{x.y}}", "X-Key",
        "GET", "POST", "cursor", "offset", "page", "next_url",
        "link", "none", "detect", "query", "header", "json", "form", "path", "url", "bearer", "api_key", "basic",
        "error",
        "empty", "end", "token", "all", "tokens", "TOKEN", "http://proxy:3128", "", " ", "a\nb", "é", "0s", "-1", "𝄞",
        "data..x", "http://u:p@h/", "ftp://x", "{", "}", "a:b", "P1D", "PT", "1e3", "999999999d",
    ]

    private mutating func scalar() -> JSONValue {
        switch fuzz.below(10) {
        case 0: .null
        case 1: .bool(fuzz.below(2) == 0)
        case 2: .int([0, 1, -1, 2, 100, 429, 503, 1 << 20, .max, .min][fuzz.below(10)])
        case 3: .real([0.5, 3, -2, 1e300][fuzz.below(4)])
        case 4: .array([])
        case 5: .object([])
        default: .string(Self.texts[fuzz.below(Self.texts.count)])
        }
    }

    /// A document that mostly follows `schema`.
    mutating func make(_ schema: JSONValue, depth: Int = 0) -> JSONValue {
        if let path = schema["$ref"]?.string {
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            return make(path == "#" ? root : root["$defs"]?[name] ?? .null, depth: depth + 1)
        }
        if fuzz.below(60) == 0 { return scalar() }
        if let value = schema["const"] { return value }
        if let values = schema["enum"]?.array { return values[fuzz.below(values.count)] }
        if let value = schema["default"], fuzz.below(4) == 0 { return value }
        if let values = schema["examples"]?.array, fuzz.below(3) == 0 { return values[fuzz.below(values.count)] }
        if schema["type"] == nil, let choices = schema["anyOf"]?.array {
            return make(choices[depth > 8 ? 0 : fuzz.below(choices.count)], depth: depth + 1)
        }
        switch schema["type"]?.string {
        case "boolean": return .bool(fuzz.below(2) == 0)
        case "number": return .real(1.5)
        case "integer":
            let low = schema["minimum"]?.int ?? 0
            let high = schema["maximum"]?.int ?? 1000
            return .int(
                [low, high, min(high, low + 7), low &- 1, high &+ 1][
                    fuzz.below(20) < 18 ? fuzz.below(3) : fuzz.below(5)])
        case "string":
            let verdict = SchemaVerdict(root: root)
            for _ in 0..<40 {
                let text = JSONValue.string(Self.texts[fuzz.below(Self.texts.count)])
                if (try? verdict.accepts(text, schema)) == true { return text }
            }
            return .string("x")
        case "array":
            return .array((0..<fuzz.below(3)).map { _ in make(schema["items"] ?? .bool(true), depth: depth + 1) })
        case "object":
            var members: [JSONValue.Member] = []
            let required = schema["required"]?.array ?? []
            for property in schema["properties"]?.members ?? [] {
                let isWanted =
                    required.contains(.string(property.name)) ? fuzz.below(50) > 0 : fuzz.below(depth > 4 ? 8 : 4) == 0
                if isWanted {
                    members.append(.init(name: property.name, value: make(property.value, depth: depth + 1)))
                }
            }
            if let values = schema["additionalProperties"], values.bool == nil {
                for _ in 0..<fuzz.below(3) {
                    let name = Self.texts[fuzz.below(Self.texts.count)]
                    if members.contains(where: { $0.name == name }) { continue }
                    members.append(.init(name: name, value: make(values, depth: depth + 1)))
                }
            }
            return .object(members)
        default: return scalar()
        }
    }

    /// One thing somewhere in it changed.
    mutating func mutate(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(var elements) where !elements.isEmpty && fuzz.below(5) > 0:
            let index = fuzz.below(elements.count)
            switch fuzz.below(4) {
            case 0: elements.remove(at: index)
            case 1: elements.append(elements[index])
            default: elements[index] = mutate(elements[index])
            }
            return .array(elements)
        case .object(var members) where !members.isEmpty && fuzz.below(8) > 0:
            let index = fuzz.below(members.count)
            switch fuzz.below(8) {
            case 0: members.remove(at: index)
            case 1: members[index].name = String(members[index].name.dropLast())
            case 2:
                members.append(
                    .init(name: ["type", "env", "param", "slot", "zzz", "a/b~c"][fuzz.below(6)], value: scalar()))
            default: members[index].value = mutate(members[index].value)
            }
            return .object(members)
        default: return scalar()
        }
    }
}
