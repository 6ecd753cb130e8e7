/// What a stream's data are expected to be. Looked at by a run, which says what does not hold.
public struct ExpectPlan: Sendable {
    public struct Bounds: Sendable {
        let path: JSONPath
        let least: Double?
        let most: Double?
    }
    /// As many records as the server says there are.
    var isComplete = false
    var leastRecords: Int64?
    var notNull: [JSONPath] = []
    var unique: [JSONPath] = []
    var ranges: [Bounds] = []
    var patterns: [(path: JSONPath, glob: Glob)] = []
    var fresh: (path: JSONPath, within: Timespan)?
    /// Nil: as the run says.
    var drift: DriftPlan?
    /// Else it is only told.
    public var isFailing = true

    /// Whether records have to be looked at.
    var looksAtRecords: Bool {
        !notNull.isEmpty || !unique.isEmpty || !ranges.isEmpty || !patterns.isEmpty || fresh != nil
    }

    static func read(_ place: DocumentPlace) throws(Failure) -> ExpectPlan {
        var plan = ExpectPlan()
        plan.isComplete = place["complete"]?.value.bool ?? false
        plan.leastRecords = place["min_records"]?.value.int
        for item in place["not_null"]?.elements ?? [] { plan.notNull.append(try path(item.value.string, item)) }
        for item in place["unique"]?.elements ?? [] { plan.unique.append(try path(item.value.string, item)) }
        for (name, bounds) in place["range"]?.members ?? [] {
            let (least, most) = (bounds["min"]?.value.double, bounds["max"]?.value.double)
            if let least, let most, least > most { throw bounds.failure("\"min\" is above \"max\"") }
            plan.ranges.append(Bounds(path: try path(name, bounds), least: least, most: most))
        }
        for (name, pattern) in place["pattern"]?.members ?? [] {
            plan.patterns.append((try path(name, pattern), Glob(pattern.value.string ?? "")))
        }
        if let fresh = place["fresh"], let within = fresh["within"]?.value.string.flatMap(DurationText.parse) {
            plan.fresh = (try path(fresh["path"]?.value.string, fresh), within)
        }
        plan.drift = place["drift"].map { DriftPlan.read($0) }
        plan.isFailing = place["on_fail"]?.value.string != "warn"
        return plan
    }

    private static func path(_ text: String?, _ place: DocumentPlace) throws(Failure) -> JSONPath {
        do throws(JSONPathError) {
            let path = try JSONPath(text ?? "")
            if !path.matchesMany { return path }
        } catch { throw place.failure(error.description) }
        throw place.failure("the path matches several values")
    }
}
