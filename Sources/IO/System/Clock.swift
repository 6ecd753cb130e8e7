internal import CLinux
internal import Glibc
public import Engine

/// The one clock: boot time, so that a laptop's sleep counts as time passed (a quota refills while it sleeps).
public enum Clock {
    public static func now() -> Instant {
        var t = timespec()
        clock_gettime(CLOCK_BOOTTIME, &t)
        return Instant(nanoseconds: Int64(t.tv_sec) &* 1_000_000_000 &+ Int64(t.tv_nsec))
    }

    /// The calendar's time, for what servers' dates are compared with. Nothing is waited for by it.
    static func wall() -> WallTime {
        var t = timespec()
        clock_gettime(CLOCK_REALTIME, &t)
        return WallTime(epochSeconds: Int64(t.tv_sec), nanoseconds: Int32(clamping: t.tv_nsec))
    }

    /// Which time it is on the wall, for texts.
    static func wallStart() -> WallStart {
        var t = timespec()
        clock_gettime(CLOCK_REALTIME, &t)
        let nanoseconds = Int64(t.tv_sec) &* 1_000_000_000 &+ Int64(t.tv_nsec)
        return WallStart(instant: now(), nanosecondsSinceEpoch: nanoseconds)
    }
}
