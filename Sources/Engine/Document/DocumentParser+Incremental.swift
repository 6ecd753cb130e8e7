/// The stream at hand, as far as its requests have bounds of windows.
struct WindowScope {
    var plan: IncrementalPlan?
    var parts = IncrementalPlan.Parts()
    var used: Set<IncrementalPlan.Side> = []
}

extension DocumentParser {
    mutating func incremental(_ place: DocumentPlace?, in source: Source) throws(Failure) -> IncrementalPlan? {
        guard let place else { return nil }
        var parts = IncrementalPlan.Parts()
        parts.isTime = place["type"]?.value.string != "number"
        if let field = place["field"] { parts.field = try path(field) }
        if parts.field.steps.isEmpty { throw (place["field"] ?? place).failure("the record itself is no value") }
        parts.mode = place["mode"]?.value.string.flatMap(IncrementalPlan.Mode.init) ?? .server
        parts.isSorted = place["sorted"]?.value.bool ?? false
        parts.clips = (place["clip"]?.value.bool ?? true) && parts.mode != .remember
        if parts.isTime {
            try times(place, &parts)
        } else {
            try numbers(place, &parts)
        }
        parts.from = try bound(place["from"], standard: parts.from)
        parts.to = try bound(place["to"], standard: parts.to)
        parts.start = try point(place["start"], parts)
        parts.end = try point(place["end"], parts)
        if place["start"] == nil, parts.isTime, parts.mode == .server {
            parts.start = .now(ago: [CalendarStep(span: .seconds(86_400))])
        }
        if parts.mode != .server {
            for name in ["from", "to", "step", "at_once"] {
                guard let odd = place[name] else { continue }
                throw odd.failure("in mode \"\(parts.mode.rawValue)\" requests have no bounds")
            }
        }
        if parts.mode == .remember {
            for name in ["start", "end", "clip"] {
                guard let odd = place[name] else { continue }
                throw odd.failure("in mode \"remember\" nothing is left out for its value")
            }
        }
        if parts.end == .none, parts.isTime, place["to"] != nil || parts.step != nil { parts.end = .now(ago: []) }
        windowScope.parts = parts
        windowScope.plan = IncrementalPlan(parts)
        return windowScope.plan
    }

    private mutating func times(_ place: DocumentPlace, _ parts: inout IncrementalPlan.Parts) throws(Failure) {
        parts.readFormats = place["format"]?.elements.compactMap { $0.value.string.flatMap(TimeFormat.parse) }
        parts.writeFormat =
            place["request_format"]?.value.string.flatMap(TimeFormat.parse) ?? parts.readFormats?.first
            ?? parts.writeFormat
        if let zone = place["zone"] { parts.zone = try self.zone(zone) }
        parts.granularity = place["granularity"]?.value.string.flatMap(DurationText.parse)
        if let step = place["step"] {
            guard let read = step.value.string.flatMap(CalendarStep.parse), !read.isZero else {
                throw step.failure("expected \(CalendarStep.form), for windows of time")
            }
            parts.step = read
        }
        if let back = place["lookback"] {
            guard let read = back.value.string.flatMap(CalendarStep.parse) else {
                throw back.failure("expected \(CalendarStep.form), for values that are times")
            }
            // What is remembered must not reach back less than what is asked for later.
            parts.lookback = read.even
        }
    }

    private mutating func zone(_ place: DocumentPlace) throws(Failure) -> Zone {
        let name = place.value.string ?? ""
        if let offset = TextForm.zone(name) { return Zone(offset: offset) }
        if let known = context.zones[name] { return Zone(known) }
        let reason: String
        do throws(ReferenceError) {
            let bytes = try references.zone(name)
            do throws(ZoneFile.Problem) {
                let table = try ZoneFile.read(bytes, name: name)
                context.zones[name] = table
                return Zone(table)
            } catch { reason = "its file \(error.reason)" }
        } catch { reason = Sanitized.text(error.reason, most: 300) }
        throw place.failure("the time zone \(MessageText.quoted(name)) can't be read: \(reason)")
    }

    private func numbers(_ place: DocumentPlace, _ parts: inout IncrementalPlan.Parts) throws(Failure) {
        for name in ["format", "request_format", "zone", "granularity"] {
            if let odd = place[name] { throw odd.failure("\"\(name)\" is for times, and the type is \"number\"") }
        }
        if let step = place["step"] {
            guard let number = step.value.int else {
                throw step.failure("expected a whole number, for windows of numbers")
            }
            parts.numberStep = number
        }
        if let back = place["lookback"] {
            guard let number = back.value.int else {
                throw back.failure("expected a whole number, for values that are numbers")
            }
            parts.numberLookback = number
        }
    }

    private func bound(
        _ place: DocumentPlace?, standard: IncrementalPlan.Bound
    ) throws(Failure) -> IncrementalPlan.Bound {
        guard let place else { return standard }
        var bound = standard
        if let name = place.value.string {
            bound.slot = .query(name)
            return bound
        }
        if place["slot"] != nil || place["param"] != nil { bound.slot = try slot(place, usual: "", isPlaced: false) }
        if bound.slot == .url { throw (place["slot"] ?? place).failure("a bound can't be the whole URL") }
        bound.format = place["format"]?.value.string.flatMap(TimeFormat.parse)
        bound.isInclusive = place["inclusive"]?.value.bool ?? bound.isInclusive
        return bound
    }

    private mutating func point(
        _ place: DocumentPlace?, _ parts: IncrementalPlan.Parts
    ) throws(Failure) -> IncrementalPlan.Point {
        guard let place else { return .none }
        var text = place.value.scalarText ?? ""
        if place["param"] != nil {
            text = try parameter(place)
            // A stand-in for what is given later.
            if text.isEmpty, missingParameters != nil {
                return .mark(parts.isTime ? .time(WallTime(epochSeconds: 0)) : Mark(0))
            }
        }
        if text == "beginning" { return .none }
        if !parts.isTime {
            guard let mark = Mark(number: text) else { throw place.failure("expected a number or \"beginning\"") }
            return .mark(mark)
        }
        if let steps = Self.stepsBefore(now: text) { return .now(ago: steps) }
        let read = IncrementalPlan(parts).mark(text) ?? TimeFormat.readAny(text, zone: parts.zone).map { .time($0) }
        guard let read else {
            throw place.failure(
                "expected a time such as \"2024-01-01\" or \"2024-01-01T00:00:00Z\", \"now\", \"now - 1 day\" or "
                    + "\"beginning\"")
        }
        return .mark(read)
    }

    /// `now`, `now - 1 day`, `now - 1 month - 6h`.
    private static func stepsBefore(now text: String) -> [CalendarStep]? {
        let pieces = ASCII.pieces(of: text, between: "-").map(ASCII.trimmed)
        guard pieces.first == "now" else { return nil }
        var steps: [CalendarStep] = []
        for piece in pieces.dropFirst() {
            guard let step = CalendarStep.parse(piece) else { return nil }
            steps.append(step)
        }
        return steps
    }

    // MARK: in requests

    mutating func useWindow(_ side: IncrementalPlan.Side, _ place: DocumentPlace) throws(Failure) {
        guard let plan = windowScope.plan else {
            throw place.failure("{window.\(side.rawValue)} has no value here: there is no \"incremental\"")
        }
        guard plan.mode == .server else {
            throw place.failure("in mode \"\(plan.mode.rawValue)\" requests have no bounds")
        }
        windowScope.used.insert(side)
    }

    /// What `{"window": "start", "format": …}` stands for.
    mutating func windowValue(
        _ place: DocumentPlace
    ) throws(Failure) -> (IncrementalPlan.Side, TimeFormat?)? {
        guard windowScope.plan != nil || place["window"] != nil,
            let side = place["window"]?.value.string.flatMap(IncrementalPlan.Side.init),
            place.members.allSatisfy({ $0.name == "window" || $0.name == "format" })
        else { return nil }
        let format = place["format"]?.value.string
        let read = format.flatMap(TimeFormat.parse)
        if format != nil, read == nil { return nil }
        try useWindow(side, place)
        if let given = place["format"], windowScope.plan?.isTime == false {
            throw given.failure("\"format\" is for times, and the type is \"number\"")
        }
        return (side, read)
    }

    /// Bounds that reach no request would make every window the same.
    func checkWindow(
        _ plan: IncrementalPlan, _ request: RequestPlan, _ paging: PagingPlan?, in source: Source,
        _ place: DocumentPlace
    ) throws(Failure) {
        guard plan.mode == .server else { return }
        for (side, bound, name) in [(IncrementalPlan.Side.start, plan.from, "from"), (.end, plan.to, "to")] {
            if let slot = bound.slot {
                // A restart may move the start along.
                let isRestart = side == .start && paging?.restart?.slot == slot
                let others = (paging?.slots ?? []) + (side == .end ? [plan.from.slot].compactMap(\.self) : [])
                if others.contains(slot), !isRestart {
                    throw (place[name] ?? place).failure(
                        "the \(Self.described(slot)) is the pagination's, or the start's")
                }
                if case .query(let name) = slot, request.query.contains(where: { $0.name == name }) {
                    throw (place["from"] ?? place).failure(
                        "the query parameter \(MessageText.quoted(name)) is set by \"query\", too")
                }
                try check(slots: [slot], of: request, in: source, place[name] ?? place)
            } else if let given = place[name], !windowScope.used.contains(side) {
                throw given.failure(
                    "no \"param\", no \"slot\", and no {window.\(side.rawValue)} in the request: it goes nowhere")
            }
        }
        guard plan.from.slot != nil || windowScope.used.contains(.start) else {
            throw place.failure(
                "the start goes nowhere: say \"from\" or put {window.start} into the request, or choose a \"mode\" for an "
                    + "API that takes none")
        }
        if windowScope.used.contains(.start), plan.start == .none {
            throw (place["start"] ?? place).failure("{window.start} needs a value in the first run, too: say \"start\"")
        }
        guard plan.hasSteps else { return }
        guard plan.to.slot != nil || windowScope.used.contains(.end) else {
            throw (place["step"] ?? place).failure("windows need an end in the request: say \"to\" or {window.end}")
        }
        if plan.start == .none {
            throw (place["start"] ?? place).failure("windows need a \"start\"")
        }
        if !plan.isTime, plan.end == .none {
            throw (place["step"] ?? place).failure("windows of numbers need an \"end\"")
        }
        if case .mark(let mark) = plan.start, !plan.isTime, mark.integer == nil {
            throw (place["start"] ?? place).failure("windows of numbers start at a whole number")
        }
    }

    /// With what the request's own texts make of it.
    func settled(_ plan: IncrementalPlan) -> IncrementalPlan {
        guard windowScope.used.contains(.end), plan.end == .none, plan.isTime else { return plan }
        var parts = windowScope.parts
        parts.end = .now(ago: [])
        return IncrementalPlan(parts)
    }

    /// Windows are walked like parents: one walk for each.
    func windowed(_ over: OverPlan?, _ place: DocumentPlace) throws(Failure) -> OverPlan {
        let most = place["at_once"]
        guard let over else {
            var plan = OverPlan([])
            plan.atOnce = most?.value.int ?? 1
            return plan
        }
        if let most { throw most.failure("\"over\" has an \"at_once\", which holds for windows, too") }
        return over
    }
}

extension IncrementalPlan {
    var slots: [Slot] { [from.slot, to.slot].compactMap(\.self) }
}
