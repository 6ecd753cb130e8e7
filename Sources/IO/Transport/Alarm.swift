internal import CLinux
internal import Glibc
internal import Engine

/// A descriptor that can be read from an instant on. libcurl waits in whole milliseconds; a limit of a thousand a second
/// would lose half of its rate to the rounding.
struct Alarm: ~Copyable {
    /// Below 0 when the process had no descriptor left: then waits are as long as libcurl's.
    let descriptor: Int32 = penstock_timerfd()

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// False: there is none, or it does not take the time.
    borrowing func set(_ instant: Instant) -> Bool {
        descriptor >= 0 && penstock_timerfd_set(descriptor, instant.nanoseconds) == 0
    }
}
