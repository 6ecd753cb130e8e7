extension DocumentParser {
    /// Nil when there is nothing at that place.
    mutating func valueSource(_ place: DocumentPlace?) throws(Failure) -> ValueSource? {
        guard let place else { return nil }
        if place.value.string != nil { return .body(try path(place)) }
        if place.value.kind == .number { return .constant(place.value) }
        return try changed(try plainSource(place), place)
    }

    private mutating func plainSource(_ place: DocumentPlace) throws(Failure) -> ValueSource {
        if let body = place["body"] { return .body(try path(body)) }
        if let header = place["header"]?.value.string { return .header(header) }
        if let relation = place["link"]?.value.string {
            return .link(relation: relation, attribute: place["attribute"]?.value.string)
        }
        if let record = place["last_record"] { return .lastRecord(try path(record)) }
        if let record = place["first_record"] { return .firstRecord(try path(record)) }
        if let list = place["find"] { return try find(list, place) }
        if let name = place["page"]?.value.string, let value = ValueSource.PageValue(rawValue: name) {
            return .page(value)
        }
        if let name = place["over"]?.value.string {
            _ = try overName(name, at: place)
            return .over(name)
        }
        if let (side, format) = try windowValue(place) { return .window(side, format) }
        if let value = place["value"] { return .constant(value.value) }
        if place["param"] != nil { return .constant(.string(try parameter(place))) }
        if let name = place["query_param"]?.value.string, let inner = try valueSource(place["of"]) {
            return .queryParameter(name, of: inner)
        }
        if let list = place["or"] { return .first(try sources(list)) }
        if let list = place["add"] { return .sum(try sources(list)) }
        throw place.failure("expected a value source")
    }

    private mutating func sources(_ list: DocumentPlace) throws(Failure) -> [ValueSource] {
        var sources: [ValueSource] = []
        for element in list.elements {
            if let source = try valueSource(element) { sources.append(source) }
        }
        return sources
    }

    private func changed(_ source: ValueSource, _ place: DocumentPlace) throws(Failure) -> ValueSource {
        var source = source
        // A parameter's default has been looked at already.
        if let standIn = place["default"]?.value, place["param"] == nil {
            source = .first([source, .constant(standIn)])
        }
        if let format = place["format"]?.value.string.flatMap(ValueSource.Format.init) {
            source = .formatted(source, format)
        }
        return place["encode"] == nil ? source : .percentEncoded(source)
    }

    private func find(_ list: DocumentPlace, _ place: DocumentPlace) throws(Failure) -> ValueSource {
        var conditions: [ValueSource.Condition] = []
        for (name, value) in place["where"]?.members ?? [] {
            guard let field = try? JSONPath(name) else { throw value.failure("expected a path") }
            conditions.append(.init(field: field, value: value.value))
        }
        guard let take = try? JSONPath(place["take"]?.value.string ?? Vocabulary.defaultTake) else {
            throw place.failure("expected a path")
        }
        if let empty = place["take"], take.steps.isEmpty { throw empty.failure("the object itself is no value") }
        return .find(in: try path(list), conditions: conditions, take: take)
    }

    func path(_ place: DocumentPlace) throws(Failure) -> JSONPath {
        guard let path = try? JSONPath(place.value.string ?? "") else { throw place.failure("expected a path") }
        return path
    }

    // MARK: stop rules

    mutating func stopRules(_ place: DocumentPlace?) throws(Failure) -> [StopRule] {
        var rules: [StopRule] = []
        guard let place else { return [] }
        for rule in place.elements {
            guard let source = try valueSource(rule["source"]) else { throw rule.failure("missing key \"source\"") }
            rules.append(StopRule(source: source, test: try test(rule)))
        }
        return rules
    }

    private mutating func test(_ rule: DocumentPlace) throws(Failure) -> StopRule.Test {
        if let name = rule["is"]?.value.string, let known = Vocabulary.stopTests.first(where: { $0.name == name }) {
            return known.test
        }
        if let other = rule["equals"] {
            if other.value.scalarText != nil { return .equals(.constant(other.value)) }
            if let source = try valueSource(other) { return .equals(source) }
        }
        if let other = try valueSource(rule["at_least"]) { return .atLeast(other) }
        throw rule.failure("expected a test")
    }
}
