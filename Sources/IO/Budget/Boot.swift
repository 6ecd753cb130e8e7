internal import CLinux
internal import Engine
internal import Glibc

/// What instants mean in this process: since which boot they count, and how that lies to the wall clock.
struct Boot {
    let boot: (Int64, Int64)
    let timeNamespace: Int64
    /// What the wall clock is ahead of the clock of instants, in nanoseconds.
    let wall: Int64

    static func current(_ path: String) throws(Failure) -> Boot {
        let file = "/proc/sys/kernel/random/boot_id"
        guard
            let digits = try? ProcessReferences().file(file).compactMap({ Character(UnicodeScalar($0)).hexDigitValue }),
            digits.count >= 32
        else { throw BudgetFile.failure(path, "can't be used: \(file) can't be read, so boots can't be told apart") }
        var halves: [Int64] = [0, 0]
        for (index, digit) in digits.prefix(32).enumerated() {
            halves[index / 16] = halves[index / 16] << 4 | Int64(digit)
        }
        var status = stat()
        // Kernels before 5.6 have no time namespaces.
        let namespace = stat("/proc/self/ns/time", &status) == 0 ? Int64(truncatingIfNeeded: status.st_ino) : 0
        var t = timespec()
        clock_gettime(CLOCK_REALTIME, &t)
        let wall = Timespan.seconds(Int64(t.tv_sec)) + Timespan(nanoseconds: Int64(t.tv_nsec))
        return Boot(
            boot: (halves[0], halves[1]), timeNamespace: namespace, wall: wall.nanoseconds &- Clock.now().nanoseconds)
    }
}
