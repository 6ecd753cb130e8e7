internal import Engine
internal import Glibc

/// What a client's thread does with what has happened: it is counted always, and made into text for those who listen.
struct Observer {
    private var recorder = Recorder()
    private var sinks: [LogSink]
    private var queues: [EventQueue] = []
    private var writer: EventWriter?
    private var writtenSince = Instant(nanoseconds: 0)
    private var generation: UInt64 = 0
    private var dropped: Int64 = 0

    /// PENSTOCK_OBSERVE=off leaves all of it out, for those who measure what it costs.
    static let isOn = getenv("PENSTOCK_OBSERVE").map { String(cString: $0) != "off" } ?? true

    init(_ sinks: [LogSink]) {
        self.sinks = sinks
    }

    mutating func take(_ events: [Event], of engine: borrowing Engine.Client) {
        let names = engine.streamNames
        guard !sinks.isEmpty || !queues.isEmpty else {
            for event in events { recorder.take(event, names: names) }
            return
        }
        let writer = writer(of: engine)
        for event in events {
            let number = recorder.take(event, names: names)
            tell(event, number, names, writer)
        }
    }

    /// What a pipe did not take before.
    func flush() {
        for sink in sinks { sink.flush() }
    }

    private mutating func tell(_ event: Event, _ number: UInt64, _ names: [String], _ writer: EventWriter) {
        guard let level = event.level else { return }
        var text: String?
        func json() -> String {
            if let text { return text }
            let made = writer.json(event, number: number, names: names)
            text = made
            return made
        }
        for sink in sinks where level >= sink.level {
            sink.write(sink.isText ? writer.line(event, names: names) : json())
        }
        var isLeft = false
        for queue in queues where level >= queue.level { isLeft = !tell(queue, json()) || isLeft }
        if isLeft { queues.removeAll(where: \.isStopped) }
    }

    /// False when nobody wants any more.
    private mutating func tell(_ queue: EventQueue, _ text: String) -> Bool {
        switch queue.add(text) {
        case .taken: return true
        case .dropped:
            dropped &+= 1
            return true
        case .unwanted: return false
        }
    }

    /// It hears of the last events first.
    mutating func add(_ queue: EventQueue, of engine: borrowing Engine.Client) {
        let writer = writer(of: engine)
        let names = engine.streamNames
        for entry in recorder.entries {
            guard let level = entry.event.level, level >= queue.level else { continue }
            _ = tell(queue, writer.json(entry.event, number: entry.number, names: names))
        }
        queues.append(queue)
    }

    /// Made anew when there are other secrets, and now and then since walls' clocks are set.
    private mutating func writer(of engine: borrowing Engine.Client) -> EventWriter {
        let now = Clock.now()
        if let writer, generation == engine.secretsGeneration, now - writtenSince < .seconds(60) { return writer }
        let made = engine.eventWriter(wall: Clock.wallStart())
        (writer, writtenSince, generation) = (made, now, engine.secretsGeneration)
        return made
    }

    mutating func snapshot(of engine: inout Engine.Client) -> Snapshot {
        // Else what has happened since the last turn would be counted, and told to nobody.
        if engine.hasEvents { take(engine.takeEvents(), of: engine) }
        let wall = Clock.wallStart()
        var snapshot = engine.snapshot(&recorder, now: wall.instant, wall: wall)
        snapshot.dropped = sinks.reduce(dropped) { $0 &+ $1.totalDropped }
        return snapshot
    }
}
