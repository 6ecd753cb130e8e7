import Engine
import Glibc
import Testing

@testable import IO

/// The file of a shared budget: who may use it, and what becomes of it when others spoil it.
@Suite(.serialized) struct BudgetFileTests {
    final class Folder {
        let path: String
        init() {
            var template = Array("/tmp/penstock-budget-XXXXXX".utf8CString)
            path = template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp"
            }
        }
        deinit {
            for name in ["budget", "other", "link"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        var budget: String { path + "/budget" }
        func write(_ bytes: [UInt8], mode: mode_t = 0o600, at offset: Int = 0, name: String = "budget") {
            let file = Glibc.open("\(path)/\(name)", O_WRONLY | O_CREAT, mode)
            _ = pwrite(file, bytes, bytes.count, off_t(offset))
            close(file)
        }
    }

    static func plan(_ most: Int64 = 5) -> BudgetPlan {
        BudgetPlan(
            [.init(.window(most: most, per: .seconds(60))), .init(.gate(most: 3))], text: "window \(most)/60s, gate 3")
    }
    static let demand = BudgetDemand([.init(rule: 0, cost: 1)])
    static let gate = BudgetDemand([.init(rule: 1, cost: 1)])

    private func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch let failure as Failure {
            return failure.message
        } catch { return "\(error)" }
    }
    private func open(_ path: String, _ plan: BudgetPlan = plan()) throws(Failure) -> HostBudget {
        try HostBudget(path: path, plan: plan)
    }

    @Test func twoUsersShareOneBudget() throws {
        let folder = Folder()
        let a = try open(folder.budget)
        let b = try open(folder.budget)
        let now = Clock.now()
        for _ in 0..<3 { #expect(try a.ask(Self.demand, now: now) == .granted) }
        for _ in 0..<2 { #expect(try b.ask(Self.demand, now: now) == .granted) }
        #expect(try b.ask(Self.demand, now: now) == .later)
        var status = stat()
        #expect(stat(folder.budget, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func whatWasUsedStandsInTheFile() throws {
        let folder = Folder()
        do {
            let budget = try open(folder.budget)
            for _ in 0..<5 {
                #expect(try budget.ask(Self.demand, now: Clock.now()) == .granted)
                budget.release(Self.demand, actual: nil, now: Clock.now())
            }
        }
        let budget = try open(folder.budget)
        guard case .at(let instant) = try budget.ask(Self.demand, now: Clock.now()) else {
            Issue.record("the budget was forgotten")
            return
        }
        #expect(instant > Clock.now() + .seconds(50))
        #expect(instant <= Clock.now() + .seconds(60))
    }

    @Test func whoIsWokenIsTheFirst() throws {
        let folder = Folder()
        let a = try open(folder.budget)
        let b = try open(folder.budget)
        for _ in 0..<3 { #expect(try a.ask(Self.gate, now: Clock.now()) == .granted) }
        let woken = Lock(0)
        b.onChange { woken.withLock { $0 += 1 } }
        #expect(try b.ask(Self.gate, now: Clock.now()) == .later)
        a.release(Self.gate, actual: nil, now: Clock.now())
        #expect(comes { woken.withLock { $0 } > 0 })
        #expect(try b.ask(Self.gate, now: Clock.now()) == .granted)
    }

    @Test func otherLimitsAreRefused() throws {
        let folder = Folder()
        let first = try open(folder.budget)
        let message = refusal { _ = try open(folder.budget, Self.plan(6)) }
        #expect(message.hasSuffix("holds other limits, window 5/60s, gate 3; wanted: window 6/60s, gate 3"))
        #expect(try first.ask(Self.demand, now: Clock.now()) == .granted)
    }

    @Test func whatIsNoneIsLeftAlone() throws {
        let folder = Folder()
        folder.write(Array("a letter".utf8))
        #expect(refusal { _ = try open(folder.budget) }.hasSuffix("is something else: it is left alone"))
        #expect(try ProcessReferences().file(folder.budget) == Array("a letter".utf8))
        #expect(refusal { _ = try open("/") }.contains("can't be opened"))
        #expect(refusal { _ = try open(folder.path + "/none/budget") }.contains("No such file"))
        #expect(refusal { _ = try open("/dev/full") }.contains("is not a regular file"))
        symlink(folder.budget, folder.path + "/link")
        #expect(refusal { _ = try open(folder.path + "/link") }.hasSuffix("is a symbolic link"))
        folder.write([], mode: 0o600, name: "other")
        chmod(folder.path + "/other", 0o644)
        #expect(refusal { _ = try open(folder.path + "/other") }.contains("open to other users"))
    }

    @Test func aFullDiskIsSaid() throws {
        // A file system without a block to give.
        guard let path = getenv("PENSTOCK_FULL_DISK").map({ String(cString: $0) }) else { return }
        #expect(refusal { _ = try open(path + "/budget") }.contains("No space left"))
    }

    @Test func spoiledFilesAreRefused() throws {
        let folder = Folder()
        do { _ = try open(folder.budget) }
        folder.write([9], at: 8)
        #expect(refusal { _ = try open(folder.budget) }.hasSuffix("is of version 9, not 1"))
        folder.write([1], at: 8)
        do { _ = try open(folder.budget) }
        let layout = BudgetLayout(Self.plan())
        folder.write([255, 255, 255], at: layout.rule(0) * 8)
        #expect(refusal { _ = try open(folder.budget) }.hasSuffix("is damaged: remove it to start anew"))
        folder.write([0, 0, 0], at: layout.rule(0) * 8)
        do { _ = try open(folder.budget) }
        truncate(folder.budget, off_t(layout.count * 8 - 1))
        #expect(refusal { _ = try open(folder.budget) }.hasSuffix("is cut off: remove it to start anew"))
    }

    @Test func truncatedUnderTheMappingIsAnErrorAndNoSignal() throws {
        let folder = Folder()
        let budget = try open(folder.budget)
        #expect(try budget.ask(Self.demand, now: Clock.now()) == .granted)
        truncate(folder.budget, 0)
        let message = refusal { _ = try budget.ask(Self.demand, now: Clock.now()) }
        #expect(message.contains("was truncated by somebody while it was in use"))
        budget.release(Self.demand, actual: nil, now: Clock.now())
        // As long as somebody thinks that he uses it, nobody gets it new.
        #expect(refusal { _ = try open(folder.budget) }.contains("was emptied by somebody while others use it"))
    }

    @Test func removedInUseIsAnError() throws {
        let folder = Folder()
        let budget = try open(folder.budget)
        let now = Clock.now()
        #expect(try budget.ask(Self.demand, now: now) == .granted)
        unlink(folder.budget)
        let message = refusal { _ = try budget.ask(Self.demand, now: now + .seconds(2)) }
        #expect(message.contains("was removed while it was in use"))
    }

    @Test func afterAnotherBootTheBudgetIsNotNew() throws {
        let folder = Folder()
        do {
            let budget = try open(folder.budget)
            for _ in 0..<5 {
                #expect(try budget.ask(Self.demand, now: Clock.now()) == .granted)
                budget.release(Self.demand, actual: nil, now: Clock.now())
            }
        }
        // As if another boot had written it, whose clock was 20 seconds further from the wall clock.
        folder.write([1, 2, 3, 4], at: 3 * 8)
        var wall: [Int64] = [0]
        let file = Glibc.open(folder.budget, O_RDWR)
        _ = pread(file, &wall, 8, 48)
        wall[0] -= 20_000_000_000
        _ = pwrite(file, wall, 8, 48)
        close(file)
        let budget = try open(folder.budget)
        guard case .at(let instant) = try budget.ask(Self.demand, now: Clock.now()) else {
            Issue.record("the budget was forgotten")
            return
        }
        #expect(instant > Clock.now() + .seconds(30))
        #expect(instant < Clock.now() + .seconds(45))
    }

    @Test func anInterruptedBeginningIsNoMatter() throws {
        let folder = Folder()
        // Killed before the magic number was written: all else stands there.
        do { _ = try open(folder.budget) }
        folder.write([0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try open(folder.budget).ask(Self.demand, now: Clock.now()) == .granted)
        // Killed with the lock in hand, in the middle of a change.
        folder.write([7, 0, 0, 0], at: BudgetLayout(Self.plan()).lock * 8)
        #expect(try open(folder.budget).ask(Self.demand, now: Clock.now()) == .granted)
    }
}
