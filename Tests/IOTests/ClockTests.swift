import Engine
import IO
import Testing

@Suite struct ClockTests {
    @Test func timeGoesForward() {
        let a = Clock.now()
        #expect(Clock.now() >= a)
    }
}
