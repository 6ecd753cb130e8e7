/// What the engine has to tell, until IO takes it; and what each of the host's walks is at.
struct Observation: Sendable {
    struct Watch: Sendable {
        let stream: Int
        var cause = WaitCause.host
        var until: Instant?
        /// Since when it is at that; nil: nothing was looked at yet.
        var since: Instant?
        /// The same, though some of it was told before.
        var begun: Instant?
        var isTold = false
        var isOver = false
    }

    private(set) var names: [String] = []
    private(set) var watches: [UInt64: Watch] = [:]
    /// Of every walk, those inside others too.
    var streams: [UInt64: Int] = [:]
    var outbox: [Event] = []
    /// False: nothing is written down, so that what writing costs can be measured.
    var isOn = true
    /// Nobody has to list more streams than that; those beyond are counted together.
    private static let mostNames = 500
    /// Nobody takes them: IO does after every turn.
    private static let mostWaiting = 10_000

    mutating func add(_ kind: Event.Kind, stream: Int?, at now: Instant) {
        if isOn, outbox.count < Self.mostWaiting { outbox.append(Event(at: now, stream: stream, kind)) }
    }

    /// Single calls are all of one name: paths are without number.
    mutating func number(of name: String) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        if names.count >= Self.mostNames { return number(ofLast: "(others)") }
        names.append(name)
        return names.count - 1
    }

    private mutating func number(ofLast name: String) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        names.append(name)
        return names.count - 1
    }

    mutating func open(_ walk: UInt64, _ name: String) {
        if isOn { watches[walk] = Watch(stream: number(of: name)) }
    }

    /// It is at that from now on.
    mutating func turn(_ walk: UInt64, to cause: WaitCause, until: Instant?, now: Instant) {
        guard var watch = watches[walk], !watch.isOver else { return }
        if let since = watch.since, watch.cause == cause {
            watch.until = until
            // A wait grows: the server said so again.
            if since == now { watch.isTold = false }
        } else {
            if let since = watch.since {
                if now > since { add(.spent(watch.cause, now - since, isOver: true), stream: watch.stream, at: now) }
            } else {
                add(.started, stream: watch.stream, at: now)
            }
            watch.cause = cause
            watch.since = now
            watch.begun = now
            watch.until = until
            watch.isTold = false
        }
        if cause.isHeldUp, !watch.isTold, until.map({ $0 - now >= .milliseconds(100) }) ?? true {
            watch.isTold = true
            add(.waits(cause, until: until), stream: watch.stream, at: now)
        }
        watches[walk] = watch
    }

    /// What has gone by so far counts.
    mutating func settle(now: Instant) {
        for (walk, watch) in watches where !watch.isOver {
            guard let since = watch.since, now > since else { continue }
            add(.spent(watch.cause, now - since, isOver: false), stream: watch.stream, at: now)
            watches[walk]?.since = now
        }
    }

    mutating func end(_ walk: UInt64, now: Instant) {
        guard var watch = watches[walk], !watch.isOver else { return }
        if let since = watch.since {
            if now > since { add(.spent(watch.cause, now - since, isOver: true), stream: watch.stream, at: now) }
        } else {
            add(.started, stream: watch.stream, at: now)
        }
        watch.isOver = true
        watches[walk] = watch
    }

    mutating func forget(_ walk: UInt64) { watches[walk] = nil }
}
