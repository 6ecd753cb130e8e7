extension LimitPlan {
    /// Limits on their own, as a limiter is opened with.
    public static func parse(_ value: JSONValue) throws(Failure) -> LimitPlan {
        let place = DocumentPlace(value)
        try place.check(.named(Vocabulary.limits))
        return try DocumentParser.limits(place)
    }
}

extension DocumentParser {
    static func limits(_ place: DocumentPlace) throws(Failure) -> LimitPlan {
        var plan = LimitPlan()
        for element in place.elements {
            let rule = try rule(element)
            for other in plan.rules {
                if let reason = conflict(rule, other) { throw element.failure(reason) }
            }
            plan.rules.append(rule)
        }
        return plan
    }

    private static func rule(_ place: DocumentPlace) throws(Failure) -> LimitPlan.Rule {
        if let concurrent = place["concurrent"]?.value.int { return .concurrent(concurrent) }
        let requests: Int64
        let per: Timespan
        if let text = place.value.string {
            guard let rate = RateText.parse(text) else { throw place.failure("expected \(RateText.form)") }
            (requests, per) = rate
        } else {
            guard let count = place["requests"]?.value.int,
                let span = place["per"]?.value.string.flatMap(DurationText.parse)
            else { throw place.failure("expected \"requests\" and \"per\"") }
            (requests, per) = (count, span)
        }
        // More than one a nanosecond is no limit but a slip of the pen, and no clock could keep it.
        guard requests <= per.nanoseconds else { throw place.failure("more than 1000000000 requests a second") }
        guard per <= longest, requests <= 1_000_000_000 else {
            throw place.failure("at most 1000000000 requests in at most \(longest.documentText)")
        }
        if let burst = place["burst"]?.value.int { return .bucket(requests: requests, per: per, burst: burst) }
        return .window(requests: requests, per: per)
    }

    private static let longest = Timespan.seconds(366 * 86_400)

    private static func conflict(_ a: LimitPlan.Rule, _ b: LimitPlan.Rule) -> String? {
        switch (a.kind, b.kind) {
        case (.concurrent, .concurrent): "\"concurrent\" is given twice"
        case (.window(_, let one, _), .window(_, let other, _)) where one == other:
            "two limits have the same window of \(one.documentText); only the lower one would count"
        default: nil
        }
    }
}
