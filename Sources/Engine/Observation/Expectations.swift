/// Holds a stream's records against what is expected of them.
public struct Expectations: Sendable {
    private struct Rule: Sendable {
        let name: String
        var broken: Int64 = 0
        var first = ""
    }

    private let plan: ExpectPlan
    private var records: Int64 = 0
    private var rules: [String: Rule] = [:]
    private var seen: Set<Fingerprint> = []
    private var isSeenFull = false
    private var newest: WallTime?
    /// Keys beyond are not looked at, which is told.
    private static let mostSeen = 5_000_000

    public init(_ plan: ExpectPlan) { self.plan = plan }

    public var isFailing: Bool { plan.isFailing }

    /// - Parameter record: One record's bytes.
    public mutating func look(_ record: UnsafeRawBufferPointer, services: some Services) {
        records += 1
        guard plan.looksAtRecords else { return }
        let value = services.decode(record) ?? (try? JSONValue(record) { services.decode($0) ?? .null }) ?? .null
        for path in plan.notNull where value.at(path)?.isNull ?? true {
            breaks("not_null", path, "is null or not there")
        }
        for bounds in plan.ranges {
            guard let found = value.at(bounds.path), !found.isNull else { continue }
            guard let number = found.double ?? found.string.flatMap({ Double($0) }) else {
                breaks("range", bounds.path, "is no number")
                continue
            }
            if let least = bounds.least, number < least {
                breaks("range", bounds.path, "is below \(least.description)")
            } else if let most = bounds.most, number > most {
                breaks("range", bounds.path, "is above \(most.description)")
            }
        }
        for (path, glob) in plan.patterns {
            guard let found = value.at(path), !found.isNull else { continue }
            if !glob.matches(found.string ?? Self.text(found)) { breaks("pattern", path, "does not match") }
        }
        if !plan.unique.isEmpty { lookAtKey(value, services: services) }
        if let (path, _) = plan.fresh, let text = value.at(path)?.string, let time = ISO8601.parse(text) {
            newest = max(newest ?? time, time)
        }
    }

    private mutating func lookAtKey(_ value: JSONValue, services: some Services) {
        guard seen.count < Self.mostSeen else {
            isSeenFull = true
            return
        }
        let key = plan.unique.map { Self.text(value.at($0) ?? .null) }.joined(separator: "\u{0}")
        if !seen.insert(services.fingerprint(key)).inserted, let path = plan.unique.first {
            breaks("unique", path, "came before")
        }
    }

    private static func text(_ value: JSONValue) -> String {
        var writer = JSONWriter()
        writer.value(value)
        return writer.text
    }

    private mutating func breaks(_ name: String, _ path: JSONPath, _ what: String) {
        let key = "\(name) \(path.description)"
        var rule = rules[key] ?? Rule(name: name)
        rule.broken += 1
        if rule.broken == 1 { rule.first = "record \(records - 1): \"\(path.description)\" \(what)" }
        rules[key] = rule
    }

    /// What does not hold, now that all records are in.
    ///
    /// - Parameters:
    ///   - received: Records that came, with those left out for a reason.
    ///   - earlier: What earlier runs had written, which was looked at then.
    ///   - now: What the wall's clock says.
    public func findings(
        received: Int64, earlier: Int64, total: Int64?, missing: Int64, now: WallTime
    ) -> [CheckNote] {
        var notes: [CheckNote] = []
        func add(_ name: String, _ message: String) {
            notes.append(CheckNote(name: name, isFailed: plan.isFailing, message: message))
        }
        if plan.isComplete {
            if let total, received < total {
                add("complete", "\(received) of \(total) records came")
            } else if missing > 0 {
                add("complete", "\(missing) records are missing")
            }
        }
        let all = records.addingSaturating(earlier)
        if let least = plan.leastRecords, all < least { add("min_records", "\(all) records, fewer than \(least)") }
        for (_, rule) in rules.sorted(by: { $0.key < $1.key }) {
            let more = rule.broken > 1 ? " (and \(rule.broken - 1) more)" : ""
            add(rule.name, rule.first + more)
        }
        if let (path, within) = plan.fresh {
            if let newest {
                if now - newest > within {
                    add(
                        "fresh",
                        "the newest \"\(path.description)\" is \((now - newest).shown) old, allowed are \(within.shown)"
                    )
                }
            } else if records > 0 {
                add("fresh", "no record has a time at \"\(path.description)\"")
            }
        }
        if isSeenFull {
            notes.append(
                CheckNote(
                    name: "unique", isFailed: false, message: "only the first \(Self.mostSeen) keys were looked at"))
        }
        return notes
    }
}
