import Engine
import Testing

@Suite struct InstantTests {
    @Test func addingSaturatesInsteadOfTrapping() {
        #expect(Instant(nanoseconds: .max) + .seconds(1) == .distantFuture)
        #expect(Timespan.seconds(.max) == Timespan(nanoseconds: .max))
        #expect(Instant(nanoseconds: .min) - Instant(nanoseconds: 1) == Timespan(nanoseconds: .min))
    }
}
