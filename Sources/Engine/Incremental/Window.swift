/// A part of a run: the records from `start` up to and without `end`.
struct Window: Sendable {
    let plan: IncrementalPlan
    /// Nil: from the beginning.
    let start: Mark?
    /// Nil: whatever there is.
    let end: Mark?
    /// Where the runs before stood.
    let since: HighMark?
    /// Values of the future move nothing.
    let now: WallTime
    /// What requests start with, where that is later than the window does.
    var asksFrom: Mark?
    /// It was walked before, up to there: what has been handed over comes again.
    var isAgain = false

    func text(_ side: IncrementalPlan.Side, format: TimeFormat? = nil) -> PageToken? {
        guard let mark = side == .start ? asksFrom ?? start : end else { return nil }
        return plan.written(mark, side, format: format)
    }

    var bindings: [OverBinding] {
        var bindings: [OverBinding] = []
        for (side, mark) in [(IncrementalPlan.Side.start, start), (.end, end)] {
            guard let mark else { continue }
            let value = plan.isTime ? OverValue(.string(mark.text)) : OverValue(json: mark.text, text: mark.text)
            guard let value else { continue }
            bindings.append(OverBinding(name: "window.\(side.rawValue)", values: [value]))
        }
        return bindings
    }
}

/// The windows of one run, one after the other, from the same bounds always the same.
struct Windows: Sendable {
    private let plan: IncrementalPlan
    private let start: Mark?
    private let end: Mark?
    private let since: HighMark?
    private let now: WallTime
    private var number: Int64 = 0
    /// Where the last one ended.
    private var reached: Mark?
    private(set) var isOver = false

    /// - Parameter since: Where the runs before stood; nil: there was none.
    init(_ plan: IncrementalPlan, since: HighMark?, now: WallTime) {
        self.plan = plan
        self.since = since
        self.now = now
        start = plan.mode == .remember ? nil : Self.start(plan, since: since, now: now)
        end = plan.mode == .remember ? nil : plan.resolved(plan.end, now: now).map(plan.raised)
        if let start, let end, start >= end { isOver = true }
    }

    static func start(_ plan: IncrementalPlan, since: HighMark?, now: WallTime) -> Mark? {
        guard let since else { return plan.resolved(plan.start, now: now).map(plan.lowered) }
        return plan.lookedBack(since.value)
    }

    mutating func next() -> Window? {
        guard !isOver else { return nil }
        guard plan.hasSteps, let start, let end else {
            isOver = true
            return window(start, end)
        }
        let from = reached ?? start
        var to = from
        // Where clocks change, steps that are shorter end at one place.
        var tries = plan.zone.table == nil ? 1 : Self.mostShort
        while to <= from, tries > 0 {
            tries -= 1
            number += 1
            to = plan.raised(bound(start, number))
        }
        if to >= end || to <= from {
            to = end
            isOver = true
        }
        reached = to
        return window(from, to)
    }

    private func window(_ start: Mark?, _ end: Mark?) -> Window {
        Window(plan: plan, start: start, end: end, since: since, now: now)
    }

    /// Seconds of two hours, and some.
    private static let mostShort = 10_000

    private func bound(_ start: Mark, _ number: Int64) -> Mark {
        switch start {
        case .time(let time): .time((plan.step ?? CalendarStep()).added(to: time, times: number, zone: plan.zone))
        case .number(_, let text):
            Int64(text).map { Mark($0.addingSaturating((plan.numberStep ?? 1).multipliedSaturating(by: number))) }
                ?? start
        }
    }
}
