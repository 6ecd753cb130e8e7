internal import CLinux
package import Engine
internal import Glibc
internal import Synchronization

/// The file through which processes of one host share a budget: mapped into each of them.
///
/// Who is there says the kernel: each process has a lock on a byte of its own, which goes with it, however it ends.
///
/// `@unchecked Sendable`: the memory is changed by whoever has the lock in it.
package final class BudgetFile: @unchecked Sendable {
    let path: String
    let descriptor: Int32
    let words: UnsafeMutablePointer<Int64>
    let bytes: Int
    let layout: BudgetLayout
    let place: Int
    private(set) var slot = 0
    /// What stands in the lock while this process has it: its slot, and how often that one was taken, so that nobody who
    /// found the last one dead takes it from this one.
    private var mine: UInt32 = 1
    private let generation = Fork.generation

    // Words of the header.
    private enum Header {
        static let magic = 0, version = 1, words = 2, boot = 3, timeNamespace = 5, wall = 6, moving = 7, lastBurial = 24
    }
    /// "PENSTOCK" as the bytes stand in the file.
    private static let magic = Int64(littleEndian: 0x4B43_4F54_534E_4550)
    private static let version: Int64 = 1
    /// Locks on bytes: 0 while somebody opens, those after it one for each user.
    private static let openingByte: Int64 = 0
    private static func byte(_ slot: Int) -> Int64 { 1 + Int64(slot) }

    private let plan: BudgetPlan

    private init(path: String, descriptor: Int32, _ plan: BudgetPlan, _ layout: BudgetLayout) throws(Failure) {
        self.path = path
        self.descriptor = descriptor
        self.plan = plan
        self.layout = layout
        bytes = layout.count * 8
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let memory, memory != MAP_FAILED else {
            close(descriptor)
            throw Self.failure(path, "can't be mapped: \(Self.reason(errno))")
        }
        guard let place = BusGuard.protect(memory, bytes) else {
            munmap(memory, bytes)
            close(descriptor)
            throw Failure(.state, "more than 64 shared budgets in one process")
        }
        self.place = place
        words = memory.bindMemory(to: Int64.self, capacity: layout.count)
        ForkedFiles.add(descriptor)
    }

    deinit {
        munmap(words, bytes)
        // In a child it is closed already.
        guard Fork.isSame(generation) else { return }
        BusGuard.release(place)
        ForkedFiles.remove(descriptor)
        close(descriptor)
    }

    static func failure(_ path: String, _ what: String) -> Failure {
        Failure(.storage, "the file \"\(path)\" of a shared budget \(what)")
    }
    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
    func failure(_ what: String) -> Failure { Self.failure(path, what) }

    // MARK: opening

    package static func open(_ path: String, _ plan: BudgetPlan) throws(Failure) -> BudgetFile {
        let layout = BudgetLayout(plan)
        for _ in 0..<100 {
            let descriptor = try openDescriptor(path)
            var isHandedOver = false
            defer { if !isHandedOver { close(descriptor) } }
            try lockForOpening(path, descriptor)
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure(path, "can't be read") }
            // Removed in between: the next one is another file.
            if status.st_nlink == 0 { continue }
            let isNew = try settle(path, descriptor, size: Int(status.st_size), plan, layout)
            isHandedOver = true
            let file = try BudgetFile(path: path, descriptor: descriptor, plan, layout)
            try file.enter(isNew: isNew)
            _ = penstock_lock_byte(descriptor, openingByte, Int16(F_UNLCK))
            return file
        }
        throw failure(path, "is removed over and over")
    }

    private static func openDescriptor(_ path: String) throws(Failure) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw failure(path, errno == ELOOP ? "is a symbolic link" : "can't be opened: \(Self.reason(errno))")
        }
        do throws(Failure) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure(path, "can't be read") }
            guard status.st_mode & S_IFMT == S_IFREG else { throw failure(path, "is not a regular file") }
            guard status.st_uid == geteuid() else { throw failure(path, "belongs to another user") }
            guard status.st_mode & 0o077 == 0 else {
                throw failure(path, "is open to other users: its mode must be 0600")
            }
            // NFS, SMB (two numbers), 9P: other hosts don't see what is mapped here.
            guard ![0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997].contains(penstock_file_system(descriptor)) else {
                throw failure(path, "is on a network file system: other hosts share a budget through Redis")
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func lockForOpening(_ path: String, _ descriptor: Int32) throws(Failure) {
        let deadline = Clock.now() + .seconds(5)
        while true {
            let result = penstock_lock_byte(descriptor, openingByte, Int16(F_WRLCK))
            if result == 0 { return }
            guard result == EAGAIN || result == EACCES || result == EINTR else {
                throw failure(path, "can't be locked: \(Self.reason(result))")
            }
            guard Clock.now() < deadline else {
                throw failure(path, "is being opened by a process that does not go on")
            }
            // The holder is within a few reads and writes of the end; there is nothing that would tell of it.
            poll(nil, 0, 2)
        }
    }

    /// Writes the file when it is new, else checks that it is what is expected. True when it is new.
    private static func settle(
        _ path: String, _ descriptor: Int32, size: Int, _ plan: BudgetPlan, _ layout: BudgetLayout
    ) throws(Failure) -> Bool {
        let headBytes = (BudgetLayout.textWord * 8) + BudgetLayout.textBytes
        var head = [Int64](repeating: 0, count: headBytes / 8)
        if size > 0 {
            let got = head.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
            guard got >= 0 else { throw failure(path, "can't be read: \(Self.reason(errno))") }
        }
        let text = Array(plan.text.utf8.prefix(BudgetLayout.textBytes))
        guard plan.text.utf8.count <= BudgetLayout.textBytes else {
            throw Failure(.config, "the limits of a shared budget are longer than \(BudgetLayout.textBytes) bytes")
        }
        // The magic number is written last: without it nobody has used the file yet.
        if size == 0 || head.allSatisfy({ $0 == 0 }) || (head[0] == 0 && head[Header.version] == version) {
            guard penstock_is_locked(descriptor, 1, Int64(BudgetLayout.slotCount)) == 0 else {
                throw failure(path, "was emptied by somebody while others use it")
            }
            try write(path, descriptor, text, layout)
            return true
        }
        guard head[0] == magic else { throw failure(path, "is something else: it is left alone") }
        guard head[Header.version] == version else {
            throw failure(path, "is of version \(head[Header.version]), not \(version)")
        }
        let found = head[(BudgetLayout.textWord)...].withUnsafeBytes { Array($0.prefix { $0 != 0 }) }
        guard found == text else {
            throw failure(
                path, "holds other limits, \(printable(found)); wanted: \(plan.text)")
        }
        guard head[Header.words] == Int64(layout.count), size == layout.count * 8 else {
            throw failure(path, "is cut off: remove it to start anew")
        }
        return false
    }

    private static func printable(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    private static func write(
        _ path: String, _ descriptor: Int32, _ text: [UInt8], _ layout: BudgetLayout
    ) throws(Failure) {
        let bytes = layout.count * 8
        // All blocks now: a full disk is an error here and no signal later.
        guard ftruncate(descriptor, 0) == 0 else {
            throw failure(path, "can't be written: \(Self.reason(errno))")
        }
        let result = posix_fallocate(descriptor, 0, off_t(bytes))
        guard result == 0 else {
            ftruncate(descriptor, 0)
            throw failure(path, "can't be written: \(Self.reason(result))")
        }
        var head = [Int64](repeating: 0, count: BudgetLayout.textWord)
        head[Header.version] = version
        head[Header.words] = Int64(layout.count)
        let here = try Boot.current(path)
        head[Header.boot] = here.boot.0
        head[Header.boot + 1] = here.boot.1
        head[Header.timeNamespace] = here.timeNamespace
        head[Header.wall] = here.wall
        var whole = head.withUnsafeBytes { Array($0) } + text
        whole.append(contentsOf: repeatElement(0, count: BudgetLayout.textBytes - text.count))
        var mark = magic
        guard pwrite(descriptor, whole, whole.count, 0) == whole.count, pwrite(descriptor, &mark, 8, 0) == 8 else {
            throw failure(path, "can't be written: \(Self.reason(errno))")
        }
    }

    /// Takes a slot, and sees to what processes that are gone have left.
    private func enter(isNew: Bool) throws(Failure) {
        guard
            let free = (0..<BudgetLayout.slotCount).first(where: {
                penstock_lock_byte(descriptor, Self.byte($0), Int16(F_WRLCK)) == 0
            })
        else { throw failure("has \(BudgetLayout.slotCount) users already") }
        slot = free
        let epoch = UnsafeMutableRawPointer(words + layout.signal(slot: slot)).assumingMemoryBound(to: UInt32.self) + 1
        epoch.pointee = epoch.pointee &+ 1 & 0x7FFF
        mine = UInt32(truncatingIfNeeded: slot + 1) | epoch.pointee << 16
        if isNew {
            var table = BudgetTable(words, plan: plan)
            table.occupy(slot: slot)
            return
        }
        let isAlone = penstock_is_locked(descriptor, 1, Int64(BudgetLayout.slotCount)) == 0
        var table = BudgetTable(words, plan: plan)
        do throws(BudgetTable.Damage) {
            if isAlone {
                lockPointer.pointee.store(0, ordering: .releasing)
                try table.recover()
                guard table.check() else { throw BudgetTable.Damage() }
            }
        } catch { throw damaged }
        try settleClock(&table, isAlone: isAlone)
        try withTable {
            do throws(BudgetTable.Damage) {
                for other in 0..<BudgetLayout.slotCount where isAlone || other == slot {
                    if table.isOccupied(slot: other) { try table.bury(slot: other, now: Clock.now()) }
                }
                table.occupy(slot: slot)
                return .success(())
            } catch { return .failure(damaged) }
        }
    }

    var damaged: Failure { failure("is damaged: remove it to start anew") }

    /// The clock counts from the boot: after another boot all instants move by what the wall clock says.
    private func settleClock(_ table: inout BudgetTable, isAlone: Bool) throws(Failure) {
        let here = try Boot.current(path)
        defer { words[Header.wall] = here.wall }
        guard words[Header.timeNamespace] == here.timeNamespace else {
            throw failure("is used in another time namespace")
        }
        if words[Header.boot] == here.boot.0, words[Header.boot + 1] == here.boot.1, words[Header.moving] == 0 {
            return
        }
        guard isAlone else { throw failure("says that it is from another boot, yet others use it") }
        // Interrupted in the middle of this, or a wall clock that went back: as if all had just been used.
        let shift =
            words[Header.moving] != 0
            ? Int64.max : words[Header.wall].subtractingReportingOverflow(here.wall).partialValue
        words[Header.moving] = 1
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        table.move(by: Timespan(nanoseconds: shift), now: Clock.now())
        words[Header.boot] = here.boot.0
        words[Header.boot + 1] = here.boot.1
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        words[Header.moving] = 0
    }

    // MARK: in use

    var isLost: Bool { BusGuard.isLost(place) }
    var lost: Failure { failure("was truncated by somebody while it was in use: open the limiter again") }

    /// Whether the name still leads here; others would share another file.
    func checkName() throws(Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("can't be read") }
        guard Int(status.st_size) == bytes else { throw lost }
        guard status.st_nlink > 0 else { throw failure("was removed while it was in use: open the limiter again") }
    }

    func isAlive(slot other: Int) -> Bool {
        other == slot || penstock_is_locked(descriptor, Self.byte(other), 1) != 0
    }

    /// For one process at a time: whether it is due to look for dead ones.
    func mayLook(now: Instant, every: Timespan) -> Bool {
        let word = UnsafeMutableRawPointer(words + Header.lastBurial).assumingMemoryBound(to: Atomic<Int64>.self)
        let last = word.pointee.load(ordering: .relaxed)
        // One from the future is from before a reboot.
        guard last > now.nanoseconds || last.addingReportingOverflow(every.nanoseconds).partialValue <= now.nanoseconds
        else { return false }
        return word.pointee.compareExchange(expected: last, desired: now.nanoseconds, ordering: .relaxed).exchanged
    }

    func signalWord(slot: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
        UnsafeMutableRawPointer(words + layout.signal(slot: slot)).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    func signal(_ slot: Int) {
        let word = signalWord(slot: slot)
        word.pointee.wrappingAdd(1, ordering: .releasing)
        penstock_futex_wake(word, .max)
    }

    // MARK: the lock in the memory

    private var lockPointer: UnsafeMutablePointer<Atomic<UInt32>> {
        UnsafeMutableRawPointer(words + layout.lock).assumingMemoryBound(to: Atomic<UInt32>.self)
    }
    private static let contended: UInt32 = 1 << 31

    /// No system call unless somebody waits.
    func withTable<R>(_ body: () -> Result<R, Failure>) throws(Failure) -> R {
        if !lockPointer.pointee.compareExchange(expected: 0, desired: mine, ordering: .acquiring).exchanged {
            try waitForLock()
        }
        let result = body()
        let before = lockPointer.pointee.exchange(0, ordering: .releasing)
        if before & Self.contended != 0 { penstock_futex_wake(lockPointer, 1) }
        return try result.get()
    }

    private func waitForLock() throws(Failure) {
        for _ in 0..<200 where lockPointer.pointee.load(ordering: .relaxed) == 0 {
            if lockPointer.pointee.compareExchange(expected: 0, desired: mine, ordering: .acquiring).exchanged {
                return
            }
        }
        let deadline = Clock.now() + .seconds(2)
        while true {
            let seen = lockPointer.pointee.load(ordering: .relaxed)
            if seen == 0 {
                // Others may wait still.
                let desired = mine | Self.contended
                if lockPointer.pointee.compareExchange(expected: 0, desired: desired, ordering: .acquiring).exchanged {
                    return
                }
                continue
            }
            let waited = seen | Self.contended
            if seen != waited,
                !lockPointer.pointee.compareExchange(expected: seen, desired: waited, ordering: .relaxed).exchanged
            {
                continue
            }
            let result = penstock_futex_wait(lockPointer, waited, 2_000_000)
            if isLost { throw lost }
            guard result == ETIMEDOUT else { continue }
            let owner = Int(waited & 0xFFFF) - 1
            // A number that nobody has is as good as a dead owner; so is one's own: of a process before this.
            let isDead = owner >= BudgetLayout.slotCount || owner == slot || !isAlive(slot: owner)
            if isDead,
                lockPointer.pointee.compareExchange(
                    expected: waited, desired: mine | Self.contended, ordering: .acquiring
                )
                .exchanged
            {
                do throws(BudgetTable.Damage) {
                    var table = BudgetTable(words, plan: plan)
                    try table.recover()
                } catch {
                    lockPointer.pointee.store(0, ordering: .releasing)
                    throw damaged
                }
                return
            }
            guard Clock.now() < deadline else {
                throw failure("is held by a process that does not go on (stopped in a debugger?)")
            }
        }
    }
}
