/// Whether a run looks for what has changed in a stream's schema, and what comes of it.
public struct DriftPlan: Sendable {
    public enum Mode: String, Sendable, CaseIterable {
        case off, tell, fail
    }
    /// Changes that make the stream fail.
    public var failing: Set<SchemaChange.Kind> = []
    public var isOff = false
    /// By how much of all the values that are null must have become more, or fewer.
    public var nullPercent: Int64 = 20
    /// Behind the first thousand one record in so many is looked at.
    public var sample: Int64 = 16

    public init() {}

    static func read(_ place: DocumentPlace) -> DriftPlan {
        var plan = DriftPlan()
        if let mode = place.value.string.flatMap(Mode.init(rawValue:)) { return plan.obeying(mode) }
        for item in place["fail_on"]?.elements ?? [] {
            if let kind = item.value.string.flatMap(SchemaChange.Kind.init(rawValue:)) { plan.failing.insert(kind) }
        }
        if let percent = place["null_percent"]?.value.int { plan.nullPercent = percent }
        if let sample = place["sample"]?.value.int { plan.sample = max(1, sample) }
        return plan
    }

    /// What a run says goes before what the document does.
    func obeying(_ mode: Mode) -> DriftPlan {
        var plan = self
        plan.isOff = mode == .off
        switch mode {
        case .off, .tell: plan.failing = []
        case .fail: if failing.isEmpty { plan.failing = Set(SchemaChange.Kind.allCases) }
        }
        return plan
    }
}

extension JobPlan {
    /// Nil: nobody looks.
    public func drift(of stream: Stream) -> DriftPlan? {
        guard state != nil else { return nil }
        let plan = stream.expect?.drift ?? DriftPlan()
        let said = drift.map { plan.obeying($0) } ?? plan
        return said.isOff ? nil : said
    }

    /// Without a state there is no run before.
    func checkDrift(of streams: [Stream], _ place: DocumentPlace) throws(Failure) {
        guard state == nil else { return }
        let asked = streams.first { drift.map { $0 == .fail } ?? !($0.expect?.drift?.failing.isEmpty ?? true) }
        guard let asked else { return }
        throw place.failure(
            "the stream \"\(asked.name)\" fails when its schema changes (\"drift\"): the job needs a \"state\" to know that by"
        )
    }
}
