/// Where clocks stand: a fixed offset from UTC, or those of a place, with every change it has made or has announced.
struct Zone: Sendable, Hashable {
    /// Seconds east of UTC; with a table nothing goes by it.
    let fixed: Int64
    /// Shared by all who name the place.
    let table: ZoneTable?

    static let utc = Zone(offset: 0)

    init(offset: Int64) {
        fixed = offset
        table = nil
    }

    init(_ table: ZoneTable) {
        fixed = 0
        self.table = table
    }

    var name: String? { table?.name }
    var isUTC: Bool { table == nil && fixed == 0 }

    static func == (a: Zone, b: Zone) -> Bool { a.fixed == b.fixed && a.name == b.name }
    func hash(into hasher: inout Hasher) {
        hasher.combine(fixed)
        hasher.combine(name)
    }

    /// Seconds east of UTC at that time.
    func offset(at time: WallTime) -> Int64 { table?.offset(at: time.seconds) ?? fixed }

    /// What clocks show, as if it were UTC.
    func local(_ time: WallTime) -> WallTime {
        WallTime(epochSeconds: time.seconds.addingSaturating(offset(at: time)), nanoseconds: time.nanoseconds)
    }

    /// When clocks show it. What they show twice is the first of the two; what they leap over is taken as if they had not
    /// been put forward yet.
    func time(ofLocal local: WallTime) -> WallTime {
        WallTime(epochSeconds: seconds(ofLocal: local.seconds), nanoseconds: local.nanoseconds)
    }

    func seconds(ofLocal local: Int64) -> Int64 {
        table?.instant(ofLocal: local) ?? local.subtractingSaturating(fixed)
    }

    // MARK: changes

    /// Around a change of the clocks, texts do not rise with time. Of no time at or behind `time` is the text read as one
    /// before this; nor does any before this have a text that is read as one at or behind it.
    func lowered(_ time: WallTime) -> WallTime {
        guard let table else { return time }
        var lowered = time
        // A second change may be as near.
        for _ in 0..<8 {
            guard let change = table.change(around: lowered.seconds) else { break }
            let start = WallTime(epochSeconds: change.lowerBound)
            if start == lowered { break }
            lowered = start
        }
        return lowered
    }

    /// The same, not before `time`.
    func raised(_ time: WallTime) -> WallTime {
        guard let table else { return time }
        var raised = time
        for _ in 0..<8 {
            guard let change = table.change(around: raised.seconds), WallTime(epochSeconds: change.lowerBound) < raised
            else { break }
            raised = WallTime(epochSeconds: change.upperBound)
        }
        return raised
    }

    /// Where the change of the clocks begins whose texts mean more than one time, or none.
    func change(at time: WallTime) -> WallTime? {
        guard let change = table?.change(around: time.seconds) else { return nil }
        return WallTime(epochSeconds: change.lowerBound)
    }
}

/// The offsets of a place, each from an instant on.
///
/// Rules that hold for ever are written out for 400 years, after which the calendar repeats itself, weekdays included: so a
/// table is one thing to look into, and about 15 KB.
final class ZoneTable: Sendable {
    let name: String
    /// Rising.
    let starts: [Int64]
    /// One more: the first holds before all of them.
    let offsets: [Int32]
    /// From where on the 400 years before come again.
    let repeatsFrom: Int64?
    /// The same before them.
    let repeatsBefore: Bool

    /// The farthest from UTC that a clock may be (RFC 9636, 3.2).
    static let farthest: Int64 = 26 * 3600
    static let cycle: Int64 = 146_097 * 86_400

    init(name: String, starts: [Int64], offsets: [Int32], repeatsFrom: Int64? = nil, repeatsBefore: Bool = false) {
        self.name = name
        // As many as are needed, whatever was given.
        let count = min(starts.count, max(0, offsets.count - 1))
        self.starts = Array(starts.prefix(count))
        self.offsets = offsets.isEmpty ? [0] : Array(offsets.prefix(count + 1))
        self.repeatsFrom = repeatsFrom
        self.repeatsBefore = repeatsBefore
    }

    /// What is to be taken off so that it lies where the table looks the same.
    private func shift(_ seconds: Int64) -> Int64 {
        guard let repeatsFrom, repeatsBefore || seconds >= repeatsFrom else { return 0 }
        let behind = seconds.subtractingSaturating(repeatsFrom &- Self.cycle)
        let cycles = behind / Self.cycle - (behind % Self.cycle < 0 ? 1 : 0)
        return cycles.multipliedSaturating(by: Self.cycle)
    }

    /// How many of the starts are not behind it: the place of the offset that holds.
    private func place(_ seconds: Int64) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func offset(at seconds: Int64) -> Int64 {
        Int64(offsets[place(seconds.subtractingSaturating(shift(seconds)))])
    }

    func instant(ofLocal local: Int64) -> Int64 {
        let shift = shift(local)
        let local = local.subtractingSaturating(shift)
        let latest = local.addingSaturating(Self.farthest)
        var leapt: Int64?
        var place = place(local.subtractingSaturating(Self.farthest))
        while true {
            let instant = local.subtractingSaturating(Int64(offsets[place]))
            if place > 0, instant < starts[place - 1] {
                // Behind the end of the one before, and before the start of this one: clocks leap over it. But for a later
                // change that puts them back so far.
                leapt = leapt ?? local.subtractingSaturating(Int64(offsets[place - 1]))
            } else if place >= starts.count || instant < starts[place] {
                return instant.addingSaturating(shift)
            }
            guard place < starts.count, starts[place] <= latest else {
                return (leapt ?? instant).addingSaturating(shift)
            }
            place += 1
        }
    }

    /// The stretch of time that the instant lies in whose texts come twice, or that texts which never come are read as.
    func change(around seconds: Int64) -> Range<Int64>? {
        let shift = shift(seconds)
        let seconds = seconds.subtractingSaturating(shift)
        var index = place(seconds.subtractingSaturating(2 * Self.farthest))
        while index < starts.count, starts[index] <= seconds.addingSaturating(2 * Self.farthest) {
            let start = starts[index]
            let back = Int64(offsets[index]) - Int64(offsets[index + 1])
            let range = back > 0 ? start - back..<start + back : start..<start - back
            if range.contains(seconds) {
                return range.lowerBound.addingSaturating(shift)..<range.upperBound.addingSaturating(shift)
            }
            index += 1
        }
        return nil
    }
}
