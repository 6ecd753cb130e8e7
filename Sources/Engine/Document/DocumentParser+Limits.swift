extension LimitPlan {
    /// Limits on their own, as a limiter is opened with.
    public static func parse(_ value: JSONValue) throws(Failure) -> LimitPlan {
        let place = DocumentPlace(value)
        try place.check(.named(Vocabulary.limits))
        return try DocumentParser.limits(place)
    }
}

extension DocumentParser {
    /// - Parameter streams: The document's; nil where limits stand on their own.
    static func limits(_ place: DocumentPlace, streams: [String]? = nil) throws(Failure) -> LimitPlan {
        var plan = LimitPlan()
        for element in place.elements {
            if element["concurrent"]?.value.string != nil {
                if plan.mostAdaptive != nil { throw element.failure("\"concurrent\" is given twice") }
                plan.mostAdaptive = try adaptive(element, isAlone: streams == nil)
                continue
            }
            if let most = element["at_most"] { throw most.failure("only for {\"concurrent\": \"auto\"}") }
            let rule = try rule(element, streams: streams)
            for other in plan.rules {
                if let reason = conflict(rule, other) { throw element.failure(reason) }
            }
            plan.rules.append(rule)
        }
        if plan.mostAdaptive != nil, let number = plan.rules.firstIndex(where: \.isPlainConcurrency) {
            throw place.failure(
                "\"concurrent\" is given twice: \"auto\" with \"at_most\": \(plan.rules[number].most) says both")
        }
        return plan
    }

    private static func adaptive(_ place: DocumentPlace, isAlone: Bool) throws(Failure) -> Int64 {
        // It is learnt from answers, of each host apart; a limiter on its own hears none.
        if isAlone, let auto = place["concurrent"] {
            throw auto.failure("\"auto\" is learnt from answers: it belongs into the limits of a source")
        }
        for name in ["for", "each"] {
            if let key = place[name] { throw key.failure("\"auto\" is about all requests, for each host apart") }
        }
        return place["at_most"]?.value.int ?? LimitPlan.mostAdaptiveByDefault
    }

    private static func rule(_ place: DocumentPlace, streams: [String]?) throws(Failure) -> LimitPlan.Rule {
        var rule = LimitPlan.Rule(try kind(place))
        if place["points"] != nil { rule.unit = .points }
        if let text = place["guard"]?.value.string { rule.counts = .init(rawValue: text) ?? rule.counts }
        rule.each = place["each"]?.value.string.flatMap { LimitPlan.Each(rawValue: $0) }
        guard let covers = place["for"] else { return rule }
        func texts(_ name: String) -> [String] { (covers[name]?.value.array ?? []).compactMap(\.string) }
        rule.covers.methods = texts("methods")
        rule.covers.paths = texts("paths").map { Glob($0) }
        rule.covers.streams = texts("streams")
        rule.covers.hosts = texts("hosts").map { Glob(ASCII.lowercased($0)) }
        for name in covers["streams"]?.elements ?? [] {
            guard let streams, let text = name.value.string, !streams.contains(text) else { continue }
            throw name.failure(
                "the source has no stream \(MessageText.quoted(text))\(NearestName.hint(text, in: streams))")
        }
        return rule
    }

    private static func kind(_ place: DocumentPlace) throws(Failure) -> LimitPlan.Kind {
        if let concurrent = place["concurrent"]?.value.int { return .concurrent(concurrent) }
        if let gap = place["spacing"]?.value.string.flatMap(DurationText.parse) { return .spacing(gap) }
        let most: Int64
        let per: Timespan
        if let text = place.value.string {
            guard let rate = RateText.parse(text) else { throw place.failure("expected \(RateText.form)") }
            (most, per) = rate
        } else {
            guard let count = (place["requests"] ?? place["points"])?.value.int,
                let span = place["per"]?.value.string.flatMap(DurationText.parse)
            else { throw place.failure("expected \"requests\" and \"per\"") }
            (most, per) = (count, span)
        }
        // More than one a nanosecond is no limit but a slip of the pen, and no clock could keep it.
        guard most <= per.nanoseconds else { throw place.failure("more than 1000000000 requests a second") }
        guard per <= longest, most <= Vocabulary.most else {
            throw place.failure("at most 1000000000 requests in at most \(longest.documentText)")
        }
        guard let burst = place["burst"]?.value.int else {
            return .window(most: most, per: per, isAligned: place["aligned"]?.value.bool ?? false)
        }
        let isStrict = place["strict"]?.value.bool ?? false
        if isStrict, burst > most {
            throw (place["burst"] ?? place).failure(
                "a strict burst of \(burst) is above the \(most) that a window of \(per.documentText) may see")
        }
        guard BucketLimit.interval(most, per: per) * burst <= longestRefill else {
            throw (place["burst"] ?? place).failure("a burst of \(burst) takes more than 100 years to come back")
        }
        return .bucket(most: most, per: per, burst: burst, isStrict: isStrict)
    }

    private static let longest = Timespan.seconds(366 * 86_400)
    private static let longestRefill = Timespan.seconds(100 * 366 * 86_400)

    private static func conflict(_ a: LimitPlan.Rule, _ b: LimitPlan.Rule) -> String? {
        guard a.covers == b.covers, a.each == b.each, a.unit == b.unit else { return nil }
        return switch (a.kind, b.kind) {
        case (.concurrent, .concurrent): "\"concurrent\" is given twice"
        case (.spacing, .spacing): "\"spacing\" is given twice"
        case (.window(_, let one, _), .window(_, let other, _)) where one == other:
            "two limits have the same window of \(one.documentText); only the lower one would count"
        default: nil
        }
    }

    // MARK: of streams and requests

    func cost(_ place: DocumentPlace?) throws(Failure) -> RequestCost {
        guard let place else { return RequestCost() }
        if let estimate = place.value.int { return RequestCost(estimate: estimate) }
        var cost = RequestCost(estimate: place["estimate"]?.value.int ?? 1)
        guard let actual = place["actual"] else { return cost }
        if let name = actual["header"]?.value.string {
            cost.actual = .header(name)
        } else {
            cost.actual = .body(try path(actual["body"] ?? actual))
        }
        return cost
    }

    /// A request that could never leave is refused where it is written.
    static func check(
        _ plan: RequestPlan, stream: String, in source: Source, _ place: DocumentPlace
    ) throws(Failure) {
        guard let cost = place["cost"] else { return }
        let kind = RequestKind(
            method: plan.method, path: plan.path, host: source.baseURL.origin.authority, stream: stream)
        for rule in source.limits.rules where rule.unit == .points && rule.covers.contains(kind) {
            guard plan.cost.estimate > rule.most else { continue }
            throw cost.failure(
                "a cost of \(plan.cost.estimate) is above the \(rule.most) points that a limit gives at once")
        }
    }
}
