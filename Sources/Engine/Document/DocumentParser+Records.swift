extension DocumentParser {
    /// "records", "key" and "duplicates" of a stream.
    mutating func records(_ place: DocumentPlace, _ stream: inout Stream) throws(Failure) {
        if let records = place["records"] {
            let paths = { (list: DocumentPlace) in list.elements.compactMap(Self.jsonPath) }
            if let path = Self.jsonPath(records) ?? records["path"].flatMap(Self.jsonPath) {
                stream.records = .path(path)
            } else if let list = records["or"] {
                stream.records = .first(paths(list))
            } else if let list = records["union"] {
                stream.records = .union(paths(list))
            }
            stream.rules.shape = records["shape"].flatMap(Self.shape)
            if let filter = records["filter"] { stream.rules.filter = try self.filter(filter) }
            for (name, value) in records["add"]?.members ?? [] {
                stream.rules.additions.append(try addition(name, value))
            }
            if stream.rules.shape != nil, stream.records == .detect, let shape = records["shape"] {
                throw shape.failure("a shape needs a \"path\" beside it")
            }
        }
        if let key = place["key"] {
            stream.rules.key = key.elements.compactMap(Self.jsonPath)
            for part in key.elements where Self.jsonPath(part)?.steps.isEmpty ?? true {
                throw part.failure("a record has no key at \"\"")
            }
            if Set(stream.rules.key).count < stream.rules.key.count { throw key.failure("a path is given twice") }
        }
        if let duplicates = place["duplicates"] {
            guard place["key"] != nil else { throw duplicates.failure("\"duplicates\" needs \"key\" beside it") }
            stream.rules.duplicates.isDropping = duplicates.value.string != "keep"
            if let most = duplicates["max_keys"]?.value.int { stream.rules.duplicates.maxKeys = most }
            stream.rules.duplicates.failsWhenFull = duplicates["when_full"]?.value.string == "fail"
            stream.rules.duplicates.acrossRuns = duplicates["across_runs"]?.value.bool ?? false
        }
    }

    static func jsonPath(_ place: DocumentPlace) -> JSONPath? { place.value.string.flatMap { try? JSONPath($0) } }

    private static func shape(_ place: DocumentPlace) -> RecordShape? {
        switch place.value.string ?? place["type"]?.value.string {
        case "object_map":
            .objectMap(keyField: place["key_field"]?.value.string, valueField: place["value_field"]?.value.string)
        case "scalars": .scalars(field: place["field"]?.value.string ?? Vocabulary.defaultScalarField)
        case "rows_with_header": .rowsWithHeader(names: place["names"].flatMap(jsonPath))
        case "columns": .columns
        case "explode":
            place["path"].flatMap(jsonPath).map { path in
                .explode(
                    path,
                    carried: (place["carry"]?.members ?? []).compactMap { name, value in
                        jsonPath(value).map { .init(name: name, path: $0) }
                    })
            }
        default: nil
        }
    }

    private mutating func filter(_ place: DocumentPlace) throws(Failure) -> RecordFilter {
        if let parts = place["and"] { return .all(try filters(parts)) }
        if let parts = place["or"] { return .any(try filters(parts)) }
        if let part = place["not"] { return .not(try filter(part)) }
        let comparison = place["op"]?.value.string.flatMap(RecordFilter.Operator.init) ?? .equal
        switch comparison {
        case .exists:
            if let value = place["value"] ?? place["values"] {
                throw value.failure("\"exists\" takes no value; {\"not\": …} turns it round")
            }
        case .oneOf:
            guard place["values"] != nil else { throw (place["value"] ?? place).failure("\"in\" needs \"values\"") }
        default:
            guard place["value"] != nil else {
                throw (place["values"] ?? place).failure("\"\(comparison.rawValue)\" needs \"value\"")
            }
        }
        var operands: [Operand] = []
        for value in place["values"]?.elements ?? [place["value"]].compactMap({ $0 }) {
            let operand: Operand? =
                value["param"] != nil ? .parameter(try parameter(value)) : Operand(value.value)
            if let operand { operands.append(operand) }
        }
        if [.less, .lessOrEqual, .greater, .greaterOrEqual].contains(comparison), let value = place["value"] {
            if case .string = value.value {
            } else if value.value.kind == .null || value.value.kind == .bool {
                throw value.failure(
                    "\(value.value.found) has no order; \"\(comparison.rawValue)\" compares numbers or texts")
            }
        }
        guard let path = place["path"].flatMap(Self.jsonPath) else { throw place.failure("expected a path") }
        return .test(.init(path: path, comparison: comparison, operands: operands))
    }

    private mutating func filters(_ place: DocumentPlace) throws(Failure) -> [RecordFilter] {
        var parts: [RecordFilter] = []
        for element in place.elements { parts.append(try filter(element)) }
        return parts
    }

    private mutating func addition(_ name: String, _ place: DocumentPlace) throws(Failure) -> Addition {
        if place["param"] != nil { return Addition(name: name, value: .parameter(try parameter(place))) }
        if let over = place["over"], let wanted = over.value.string {
            guard let known = overScope.names[wanted] else {
                throw over.failure(
                    "nothing here is walked over \(MessageText.quoted(wanted))"
                        + NearestName.hint(wanted, in: overScope.names.keys.sorted()))
            }
            if known.isBatch { throw over.failure("\"\(wanted)\" comes in batches: a record's own value is not known") }
            return Addition(name: name, value: .over(wanted))
        }
        return Addition(name: name, value: .constant(place["value"]?.value ?? place.value))
    }
}
