/// Keys that each set one property of a plan. The defaults are the plan's own: the schema shows what a fresh plan has.
struct Settings<Plan: Sendable>: Sendable {
    struct Row: Sendable {
        let key: @Sendable (Plan) -> Key
        let set: @Sendable (inout Plan, JSONValue) -> Void
    }
    let shape: ObjectShape
    private let rows: [(name: String, set: @Sendable (inout Plan, JSONValue) -> Void)]

    init(_ title: String, _ description: String, defaults plan: Plan, exclusive: [[String]] = [], _ rows: [Row]) {
        let keys = rows.map { $0.key(plan) }
        shape = ObjectShape(title: title, description: description, keys: keys, exclusive: exclusive)
        self.rows = zip(keys, rows).map { ($0.name, $1.set) }
    }

    /// Of an object that was checked against the shape.
    func apply(_ object: DocumentPlace?, to plan: inout Plan) {
        guard let object else { return }
        for (name, set) in rows {
            if let place = object[name] { set(&plan, place.value) }
        }
    }
}

extension Settings.Row {
    typealias Property<Value> = any WritableKeyPath<Plan, Value> & Sendable

    static func integer(
        _ name: String, _ property: Property<Int64>, _ bounds: ClosedRange<Int64>, _ description: String
    ) -> Self {
        Self(
            key: { Key(name, .integer(bounds), description, default: .int($0[keyPath: property])) },
            set: { plan, value in if let number = value.int { plan[keyPath: property] = number } })
    }

    static func count(
        _ name: String, _ property: Property<Int>, _ bounds: ClosedRange<Int64>, _ description: String
    ) -> Self {
        Self(
            key: { Key(name, .integer(bounds), description, default: .int(Int64($0[keyPath: property]))) },
            set: { plan, value in if let number = value.int { plan[keyPath: property] = Int(clamping: number) } })
    }

    static func duration(
        _ name: String, _ property: Property<Timespan>, _ bounds: ClosedRange<Timespan>, _ description: String
    ) -> Self {
        Self(
            key: { Key(name, .duration(bounds), description, default: .string($0[keyPath: property].documentText)) },
            set: { plan, value in
                if let span = value.string.flatMap(DurationText.parse) { plan[keyPath: property] = span }
            })
    }

    static func size(
        _ name: String, _ property: Property<Int64>, _ bounds: ClosedRange<Int64>, _ description: String
    ) -> Self {
        Self(
            key: { Key(name, .size(bounds), description, default: .int($0[keyPath: property])) },
            set: { plan, value in if let size = value.size { plan[keyPath: property] = size } })
    }

    static func flag(_ name: String, _ property: Property<Bool>, _ description: String) -> Self {
        Self(
            key: { Key(name, .flag, description, default: .bool($0[keyPath: property])) },
            set: { plan, value in if let flag = value.bool { plan[keyPath: property] = flag } })
    }

    static func text(
        _ name: String, _ property: Property<String?>, _ form: TextForm, _ description: String,
        examples: [JSONValue] = []
    ) -> Self {
        Self(
            key: { _ in Key(name, .text(form), description, examples: examples) },
            set: { plan, value in if let text = value.string { plan[keyPath: property] = text } })
    }

    static func statuses(_ name: String, _ property: Property<Set<Int>>, _ description: String) -> Self {
        Self(
            key: { plan in
                Key(
                    name, Vocabulary.statuses, description,
                    default: .array(plan[keyPath: property].sorted().map { .int(Int64($0)) }))
            },
            set: { plan, value in
                if let list = value.array { plan[keyPath: property] = Set(list.compactMap { $0.int.map(Int.init) }) }
            })
    }
}

extension JSONValue {
    /// A number of bytes, as such or with a unit.
    var size: Int64? { int ?? string.flatMap(ByteSizeText.parse) }
}
