/// How a stream is read incrementally: by what field, from where, in which windows.
///
/// A class, since few streams have one and their plans are moved about.
public final class IncrementalPlan: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        /// The API takes a start.
        case server
        /// It does not: what is too old is left out here.
        case client
        /// The same, and what comes first is newest: the walk stops where it meets the old.
        case newestFirst = "newest_first"
        /// All is read, and what was seen is remembered.
        case remember
    }
    /// Where a run starts or ends.
    enum Point: Sendable, Equatable {
        case none
        case mark(Mark)
        /// That long before the run.
        case now(ago: [CalendarStep])
    }
    struct Bound: Sendable, Equatable {
        var slot: Slot?
        var format: TimeFormat?
        var isInclusive: Bool
    }

    let field: JSONPath
    let isTime: Bool
    /// Nil: told by the value.
    let readFormats: [TimeFormat]?
    let writeFormat: TimeFormat
    /// For times that name none, and for those that are written.
    let zone: Zone
    let mode: Mode
    let start: Point
    let end: Point
    let from: Bound
    let to: Bound
    /// Of times; of numbers a plain one.
    let step: CalendarStep?
    let numberStep: Int64?
    let lookback: CalendarStep
    let numberLookback: Int64
    let granularity: Timespan?
    let isSorted: Bool
    let clips: Bool

    struct Parts {
        var field = JSONPath.body
        var isTime = true
        var readFormats: [TimeFormat]?
        var writeFormat = TimeFormat.iso(digits: 0)
        var zone = Zone.utc
        var mode = Mode.server
        var start = Point.none
        var end = Point.none
        var from = Bound(isInclusive: true)
        var to = Bound(isInclusive: false)
        var step: CalendarStep?
        var numberStep: Int64?
        var lookback = CalendarStep()
        var numberLookback: Int64 = 0
        var granularity: Timespan?
        var isSorted = false
        var clips = true
    }

    init(_ parts: Parts) {
        (field, isTime, readFormats, writeFormat) = (parts.field, parts.isTime, parts.readFormats, parts.writeFormat)
        (zone, mode, start, end) = (parts.zone, parts.mode, parts.start, parts.end)
        (from, to, step, numberStep) = (parts.from, parts.to, parts.step, parts.numberStep)
        (lookback, numberLookback, granularity) = (parts.lookback, parts.numberLookback, parts.granularity)
        (isSorted, clips) = (parts.isSorted, parts.clips)
    }

    public static func == (a: IncrementalPlan, b: IncrementalPlan) -> Bool {
        a === b
            || a.field == b.field && a.isTime == b.isTime && a.mode == b.mode && a.zone == b.zone
                && a.readFormats == b.readFormats && a.writeFormat == b.writeFormat && a.start == b.start
                && a.end == b.end
                && a.from == b.from && a.to == b.to && a.step == b.step && a.numberStep == b.numberStep
                && a.lookback == b.lookback && a.numberLookback == b.numberLookback && a.granularity == b.granularity
                && a.isSorted == b.isSorted && a.clips == b.clips
    }

    var hasSteps: Bool { step != nil || numberStep != nil }

    // MARK: values

    /// The value of a record's field as it stands there. Nil: there is none that can be read.
    func mark(_ json: UnsafeRawBufferPointer, services: some Services) -> Mark? {
        guard let first = json.first else { return nil }
        switch JSONKind(firstByte: first) {
        case .string:
            return Operand.withText(of: json, services: services) { mark(String(decoding: $0, as: UTF8.self)) }
        case .number: return mark(String(decoding: json, as: UTF8.self))
        default: return nil
        }
    }

    func mark(_ text: String) -> Mark? {
        guard isTime else { return Mark(number: text) }
        guard let readFormats else { return TimeFormat.readAny(text, zone: zone).map { .time($0) } }
        for format in readFormats {
            if let time = format.read(text, zone: zone) { return .time(time) }
        }
        return nil
    }

    func resolved(_ point: Point, now: WallTime) -> Mark? {
        switch point {
        case .none: nil
        case .mark(let mark): mark
        case .now(let steps): .time(steps.reduce(now) { $1.added(to: $0, times: -1, zone: zone) })
        }
    }

    /// That much before, as far as records may come late, and as far as clocks are put back.
    func lookedBack(_ mark: Mark) -> Mark {
        switch mark {
        case .time(let time): .time(zone.lowered(lookback.back(from: time, zone: zone)))
        case .number(_, let text):
            numberLookback == 0 ? mark : Int64(text).map { Mark($0.subtractingSaturating(numberLookback)) } ?? mark
        }
    }

    /// Whoever takes all from there on takes all that came about since: texts of times do not rise while clocks are put
    /// back.
    func lowered(_ mark: Mark) -> Mark {
        guard zone.table != nil, case .time(let time) = mark else { return mark }
        return .time(zone.lowered(time))
    }

    func raised(_ mark: Mark) -> Mark {
        guard zone.table != nil, case .time(let time) = mark else { return mark }
        return .time(zone.raised(time))
    }

    // MARK: requests

    public enum Side: String, Sendable, Hashable, CaseIterable {
        case start, end
    }

    /// What a request says for a window's bound, so that no record of the window is left out: a start is not later than the
    /// window's, an end not earlier.
    func written(_ mark: Mark, _ side: Side, format: TimeFormat? = nil) -> PageToken {
        let bound = side == .start ? from : to
        switch mark {
        case .number(_, let text):
            guard let number = Int64(text) else { return .number(text) }
            if side == .start, !bound.isInclusive { return .number(String(number.subtractingSaturating(1))) }
            if side == .end, bound.isInclusive { return .number(String(number.subtractingSaturating(1))) }
            return .number(text)
        case .time(var time):
            let format = format ?? bound.format ?? writeFormat
            if side == .start {
                if !bound.isInclusive { time = less(time, granularity ?? format.resolution, side, format) }
                time = told(time, format)
            } else {
                if bound.isInclusive, let granularity { time = less(time, granularity, side, format) }
                time = format.roundedUp(time, zone: zone)
            }
            let text = format.write(time, zone: zone)
            return format.isNumber ? .number(text) : .text(text)
        }
    }

    /// So much less: of clocks for texts that are told by them, where a day may have 23 or 25 hours. In doubt what takes in
    /// more.
    private func less(_ time: WallTime, _ span: Timespan, _ side: Side, _ format: TimeFormat) -> WallTime {
        let earlier = time - span
        guard zone.table != nil, format.isLocal else { return earlier }
        let byClocks = zone.time(ofLocal: zone.local(time) - span)
        if side == .start { return min(earlier, byClocks) }
        let later = min(max(earlier, byClocks), time)
        // A text that comes twice would be the end of the first time.
        return zone.change(at: later) == nil ? later : time
    }

    /// A start whose text comes twice, or never, may be taken for the later time: the text before it says more.
    private func told(_ time: WallTime, _ format: TimeFormat) -> WallTime {
        guard zone.table != nil, format.isLocal, let cut = format.read(format.write(time, zone: zone), zone: zone),
            let change = zone.change(at: cut)
        else { return time }
        return change - format.resolution
    }
}
