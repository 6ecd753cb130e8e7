import Engine

/// What a path means, said the slow way over decoded values.
enum JSONModel {
    static func select(_ path: JSONPath, in root: JSONValue) -> [JSONValue] {
        var found = [root]
        for step in path.steps { found = found.flatMap { next(step, in: $0) } }
        return found
    }

    /// The elements of what `path` matches, as a scan counts them.
    static func elements(_ path: JSONPath, in root: JSONValue) -> [JSONValue] {
        select(path, in: root).flatMap { value -> [JSONValue] in
            switch value {
            case .array(let elements): elements
            case .object: [value]
            default: []
            }
        }
    }

    private static func next(_ step: JSONPath.Step, in value: JSONValue) -> [JSONValue] {
        switch (step, value) {
        case (.member(let name), .object), (.token(let name, _), .object): value[name].map { [$0] } ?? []
        case (.index(let index), .array), (.token(_, let index?), .array): value[index].map { [$0] } ?? []
        case (.last, .array(let elements)): elements.suffix(1)
        case (.wildcard, .array(let elements)): elements
        case (.wildcard, .object(let members)): members.map(\.value)
        default: []
        }
    }
}
