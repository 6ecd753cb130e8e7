/// What incremental reading means, in plain words.
struct IncrementalExplanation {
    let plan: IncrementalPlan

    var sentences: [String] {
        let field = Words.place(plan.field)
        var sentences: [String] = []
        switch plan.mode {
        case .server: sentences.append("each run asks for records from the highest \(field) of the runs before")
        case .client:
            sentences.append("each run reads all and leaves out records below the highest \(field) of the runs before")
        case .newestFirst:
            sentences.append(
                "each run reads from the newest record down to the highest \(field) of the runs before, and stops there"
            )
        case .remember: sentences.append("each run reads all; the highest \(field) is remembered")
        }
        if !plan.lookback.isZero { sentences.append("less a look-back of \(plan.lookback.described)") }
        if plan.numberLookback > 0 { sentences.append("less a look-back of \(plan.numberLookback)") }
        if plan.mode != .remember {
            sentences.append("the first run begins \(point(plan.start, otherwise: "with the oldest record"))")
        }
        switch plan.end {
        case .none: if plan.isTime, hasEnd { sentences.append("a run ends with the records of its own time") }
        case .mark, .now: sentences.append("a run ends \(point(plan.end, otherwise: ""))")
        }
        for (name, bound) in [("start", plan.from), ("end", plan.to)] {
            guard let slot = bound.slot else { continue }
            sentences.append(
                "the \(name) goes into \(Words.slot(slot))\(format(bound.format)), records with that very value "
                    + (bound.isInclusive ? "included" : "not included"))
        }
        if let step = plan.step {
            sentences.append("in windows of \(step.described), one after the other, each with pages of its own")
        } else if let step = plan.numberStep {
            sentences.append("in windows of \(step), one after the other, each with pages of its own")
        }
        if let name = plan.zone.name {
            sentences.append(
                "times without a zone are by the clocks of \(name); where those are changed, no bound lies within what they "
                    + "show twice or never")
        } else if !plan.zone.isUTC {
            sentences.append("times without a zone are \(TimePattern.offset(plan.zone.fixed)) of UTC")
        }
        if plan.isSorted { sentences.append("an interrupted window goes on at the highest value seen") }
        sentences.append("records that come again unchanged are left out; changed ones come again")
        return sentences
    }

    private var hasEnd: Bool { plan.to.slot != nil || plan.hasSteps }

    private func format(_ own: TimeFormat?) -> String {
        guard plan.isTime else { return "" }
        switch own ?? plan.writeFormat {
        case .pattern(let pattern): return " as \(MessageText.quoted(pattern.text))"
        case let format: return TimeFormat.names.first { $0.format == format }.map { " as \($0.name)" } ?? ""
        }
    }

    private func point(_ point: IncrementalPlan.Point, otherwise: String) -> String {
        switch point {
        case .none: otherwise
        case .mark(let mark): "at \(mark.text)"
        case .now(let steps):
            steps.isEmpty
                ? "at the time of the run"
                : steps.map(\.described).joined(separator: " and ") + " before the time of the run"
        }
    }
}
