extension RecordFilter {
    /// Every path that is asked for.
    func collectPaths(into paths: inout [JSONPath]) {
        switch self {
        case .all(let parts), .any(let parts): for part in parts { part.collectPaths(into: &paths) }
        case .not(let part): part.collectPaths(into: &paths)
        case .test(let test): if !paths.contains(test.path) { paths.append(test.path) }
        }
    }

    /// With every test's place in `fields`.
    func placed(in fields: [JSONPath]) -> RecordFilter {
        switch self {
        case .all(let parts): return .all(parts.map { $0.placed(in: fields) })
        case .any(let parts): return .any(parts.map { $0.placed(in: fields) })
        case .not(let part): return .not(part.placed(in: fields))
        case .test(var test):
            test.field = fields.firstIndex(of: test.path) ?? -1
            return .test(test)
        }
    }

    /// Whether a record with these fields is handed over.
    func accepts(services: some Services, field: (Int) -> UnsafeRawBufferPointer?) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.accepts(services: services, field: field) }
        case .any(let parts): parts.contains { $0.accepts(services: services, field: field) }
        case .not(let part): !part.accepts(services: services, field: field)
        case .test(let test): test.holds(field(test.field), services: services)
        }
    }
}

extension RecordFilter.Test {
    /// What is missing equals nothing, not even null, and is neither less nor greater than anything.
    func holds(_ value: UnsafeRawBufferPointer?, services: some Services) -> Bool {
        guard let value else { return comparison == .notEqual }
        if comparison == .exists { return true }
        if comparison == .oneOf { return operands.contains { $0.order(of: value, services: services) == .same } }
        guard let operand = operands.first else { return false }
        let order = operand.order(of: value, services: services)
        switch comparison {
        case .equal: return order == .same
        case .notEqual: return order != .same
        case .less: return order == .before
        case .lessOrEqual: return order == .before || order == .same
        case .greater: return order == .after
        case .greaterOrEqual: return order == .after || order == .same
        case .oneOf, .exists: return true
        }
    }
}
