import EngineTestKit
import Testing

@testable import Engine
@testable import IO

@Suite struct ObserverTests {
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
