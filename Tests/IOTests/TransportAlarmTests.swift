import CLinux
import Engine
import Glibc
import Testing

@testable import IO

@Suite struct TransportAlarmTests {
    private static func isReadable(_ alarm: borrowing Alarm, milliseconds: Int32) -> Bool {
        var one = pollfd(fd: alarm.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&one, 1, milliseconds) == 1
    }

    @Test func ringsAtItsInstantAndNotBefore() {
        let alarm = Alarm()
        for nanoseconds in [1, 300_000, 1_700_000] as [Int64] {
            let at = Clock.now() + Timespan(nanoseconds: nanoseconds)
            let isSet = alarm.set(at)
            let rang = Self.isReadable(alarm, milliseconds: 60_000)
            #expect(isSet && rang)
            #expect(Clock.now() >= at)
        }
    }

    @Test func isSilentOnceItIsSetAnew() {
        let alarm = Alarm()
        let first = alarm.set(Clock.now())
        let rang = Self.isReadable(alarm, milliseconds: 60_000)
        #expect(first && rang)
        let again = alarm.set(Clock.now() + .seconds(3600))
        let ringsStill = Self.isReadable(alarm, milliseconds: 0)
        #expect(again && !ringsStill)
    }

    @Test func whatIsBeforeAllTimeIsRefused() {
        let isSet = Alarm().set(Instant(nanoseconds: -1))
        #expect(!isSet)
    }
}
