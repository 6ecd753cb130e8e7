internal import Engine

/// What a client's thread does with what has happened.
struct Observer {
    private var recorder = Recorder()

    mutating func take(_ events: [Event], of engine: borrowing Engine.Client) {
        let names = engine.streamNames
        for event in events { recorder.take(event, names: names) }
    }

    mutating func snapshot(of engine: inout Engine.Client) -> Snapshot {
        let wall = Clock.wall()
        return engine.snapshot(&recorder, now: wall.instant, wall: wall)
    }
}
