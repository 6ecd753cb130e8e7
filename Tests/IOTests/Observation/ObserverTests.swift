import EngineTestKit
import Testing

@testable import Engine
@testable import IO

@Suite struct ObserverTests {
    /// Of a queue that was freed nothing stays, and nothing is counted as lost.
    @Test func whoStopsListeningIsToldNothing() throws {
        var options = EventsOptions()
        options.level = .debug
        let engine = Engine.Client(source: try Make.source())
        var observer = Observer([])
        weak var queue: EventQueue?
        do {
            let listening = try EventQueue(options)
            observer.add(listening, of: engine)
            queue = listening
            listening.stop()
        }
        #expect(queue != nil)
        observer.take([Event(at: Clock.now(), stream: nil, .committed(records: 1, bytes: 1))], of: engine)
        #expect(queue == nil)
    }

    /// Whoever asks for figures takes nothing away from who listens.
    @Test func figuresLeaveEventsToThoseWhoListen() throws {
        var options = EventsOptions()
        options.level = .debug
        let queue = try EventQueue(options)
        var engine = Engine.Client(source: try Make.source())
        var observer = Observer([])
        observer.add(queue, of: engine)
        engine.tell(.committed(records: 3, bytes: 5), of: 1, now: Clock.now())
        _ = observer.snapshot(of: &engine)
        #expect(!engine.hasEvents)
        guard case .event(let text)? = queue.next(milliseconds: 0) else {
            Issue.record("the event is gone")
            return
        }
        #expect(text.contains("\"batch_committed\""))
    }
}
