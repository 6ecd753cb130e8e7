internal import CLinux
internal import Glibc
internal import Synchronization

/// A mapped file that somebody else truncates is answered by the kernel with SIGBUS, which ends the process: not the fault
/// of the host, which must not die of it. (Every look at the file by a system call instead would cost ten times the
/// whole acquire, and a look at its size before each access leaves a gap.)
///
/// While a budget is mapped, a handler puts memory of the process's own in the place of a mapping that lost its file,
/// notes that, and leaves every other SIGBUS to whoever had the signal before. libwayland does the same for its pools.
enum BusGuard {
    /// A range of addresses under guard.
    private static let places = 64
    /// Three words each: start (0: free), length, lost.
    private nonisolated(unsafe) static var table: UnsafeMutablePointer<Atomic<UInt>>?
    private nonisolated(unsafe) static var before = sigaction()
    private static let lock = Lock(())

    /// Nil when there is no place left.
    static func protect(_ start: UnsafeMutableRawPointer, _ length: Int) -> Int? {
        lock.withLock { _ in
            guard let table = installed() else { return nil }
            for place in 0..<places where table[3 * place].load(ordering: .relaxed) == 0 {
                table[3 * place + 1].store(UInt(bitPattern: length), ordering: .relaxed)
                table[3 * place + 2].store(0, ordering: .relaxed)
                table[3 * place].store(UInt(bitPattern: start), ordering: .releasing)
                return place
            }
            return nil
        }
    }

    static func release(_ place: Int) {
        lock.withLock { _ in table?[3 * place].store(0, ordering: .releasing) }
    }

    /// Whether the file was truncated: what stands in the memory is of no meaning.
    static func isLost(_ place: Int) -> Bool { table?[3 * place + 2].load(ordering: .acquiring) != 0 }

    private static func installed() -> UnsafeMutablePointer<Atomic<UInt>>? {
        if let table { return table }
        let new = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: 3 * places)
        for word in 0..<(3 * places) { (new + word).initialize(to: Atomic(0)) }
        table = new
        guard penstock_handle_bus(handler, &before) == 0 else { return nil }
        return table
    }

    /// Nothing but loads, stores and system calls in here.
    private static let handler: penstock_signal_action = { number, info, context in
        let address = UInt(bitPattern: penstock_fault_address(info))
        if let table = BusGuard.table {
            for place in 0..<BusGuard.places {
                let start = table[3 * place].load(ordering: .acquiring)
                let length = table[3 * place + 1].load(ordering: .relaxed)
                guard start != 0, address >= start, address - start < length else { continue }
                let own = mmap(
                    UnsafeMutableRawPointer(bitPattern: start), Int(bitPattern: length), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
                guard own != MAP_FAILED else { break }
                table[3 * place + 2].store(1, ordering: .releasing)
                return
            }
        }
        penstock_pass_bus(&BusGuard.before, number, info, context)
    }
}
