import Engine
import EngineTestKit
import Testing

@testable import IO

/// The arithmetic of a shared budget, on a clock and in memory of the test's own.
@Suite struct BudgetTableTests {
    /// The memory, and as many processes as a test wants.
    final class Memory {
        let words: UnsafeMutablePointer<Int64>
        let count: Int
        let plan: BudgetPlan

        init(_ plan: BudgetPlan) {
            self.plan = plan
            count = BudgetTable.words(for: plan)
            words = .allocate(capacity: count)
            words.initialize(repeating: 0, count: count)
        }
        deinit { words.deallocate() }

        var table: BudgetTable { BudgetTable(words, plan: plan) }
        var snapshot: [Int64] { Array(UnsafeBufferPointer(start: words, count: count)) }
        func restore(_ snapshot: [Int64]) { for (index, word) in snapshot.enumerated() { words[index] = word } }
        /// Without the place where changes are written down first.
        var settled: [Int64] { Array(snapshot.prefix(BudgetLayout(plan).changes)) }
    }

    static let start = Instant(nanoseconds: 1_000_000_000_000)
    static func window(_ most: Int64, _ per: Timespan, response: Bool = true) -> BudgetPlan.Rule {
        .init(.window(most: most, per: per), countsResponse: response)
    }
    static let one = BudgetDemand([.init(rule: 0, cost: 1)])

    /// The most that any half-open window of the length had.
    static func worst(_ instants: [Int64], _ per: Timespan) -> Int {
        let sorted = instants.sorted()
        var (first, most) = (0, 0)
        for (index, instant) in sorted.enumerated() {
            while instant - sorted[first] >= per.nanoseconds { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    @Test(arguments: 0..<16) func neverMoreThanTheWindowWhereverTheServerCounts(seed: Int) throws {
        var chance = Seeded(seed: UInt64(seed))
        let most = chance.below(Int64(20)) + 1
        let per = Timespan.milliseconds(chance.below(Int64(900)) + 100)
        let response = seed % 2 == 0
        let memory = Memory(
            BudgetPlan([Self.window(most, per, response: response), .init(.gate(most: most + 3))], text: ""))
        var table = memory.table
        let demand = BudgetDemand([.init(rule: 0, cost: 1), .init(rule: 1, cost: 1)])
        var now = Self.start
        var flying: [(slot: Int, since: Instant, until: Instant)] = []
        var counted: [Int64] = []
        for turn in 0..<2000 {
            now = now + Timespan(nanoseconds: chance.below(per.nanoseconds / (2 * most)))
            for flight in flying where flight.until <= now {
                try table.release(demand, slot: flight.slot, now: now)
                let end = now - flight.since
                let moment = flight.since.nanoseconds + chance.below(end.nanoseconds + 1)
                counted.append(response ? moment : flight.since.nanoseconds)
            }
            flying.removeAll { $0.until <= now }
            let slot = chance.below(8)
            if try table.ask(demand, slot: slot, now: now) == .granted {
                let flight = Timespan(nanoseconds: chance.below(per.nanoseconds / 3))
                flying.append((slot, now, now + flight))
            }
            if turn % 50 == 0 { #expect(table.check()) }
        }
        #expect(counted.count > 200)
        #expect(Self.worst(counted, per) <= Int(most))
    }

    @Test func windowIsUsedToTheLast() throws {
        let memory = Memory(BudgetPlan([Self.window(100, .seconds(1), response: false)], text: ""))
        var table = memory.table
        var now = Self.start
        var granted = 0
        while now < Self.start + .seconds(10) {
            switch try table.ask(Self.one, slot: 0, now: now) {
            case .granted: granted += 1
            case .at(let instant):
                #expect(
                    try table.ask(Self.one, slot: 0, now: Instant(nanoseconds: instant.nanoseconds - 1)) != .granted)
                now = instant
            default: Issue.record("it waits for nothing")
            }
        }
        #expect(granted == 1000)
    }

    @Test func largeWindowIsKeptInSlots() throws {
        let memory = Memory(BudgetPlan([Self.window(10_000, .seconds(1), response: false)], text: ""))
        var table = memory.table
        var now = Self.start
        var instants: [Int64] = []
        while now < Self.start + .seconds(5) {
            if case .at(let instant) = try table.ask(Self.one, slot: 0, now: now) {
                now = instant
            } else {
                instants.append(now.nanoseconds)
                now = now + Timespan(nanoseconds: 20_000)
            }
        }
        #expect(Self.worst(instants, .seconds(1)) <= 10_000)
        #expect(instants.count >= 49_000)
    }

    @Test func bucketGivesItsBurstAndThenItsRate() throws {
        let rule = BudgetPlan.Rule(.bucket(interval: .milliseconds(100), burst: 50), countsResponse: false)
        let memory = Memory(BudgetPlan([rule], text: ""))
        var table = memory.table
        for _ in 0..<50 { #expect(try table.ask(Self.one, slot: 0, now: Self.start) == .granted) }
        #expect(try table.ask(Self.one, slot: 0, now: Self.start) == .at(Self.start + .milliseconds(100)))
        #expect(try table.ask(Self.one, slot: 0, now: Self.start + .milliseconds(100)) == .granted)
        #expect(
            try table.ask(Self.one, slot: 0, now: Self.start + .milliseconds(100))
                == .at(Self.start + .milliseconds(200)))
    }

    @Test func costIsCorrected() throws {
        let rule = BudgetPlan.Rule(.bucket(interval: .milliseconds(10), burst: 100))
        let memory = Memory(BudgetPlan([rule], text: ""))
        var table = memory.table
        let ten = BudgetDemand([.init(rule: 0, cost: 100)])
        #expect(try table.ask(ten, slot: 0, now: Self.start) == .granted)
        #expect(try table.ask(Self.one, slot: 0, now: Self.start) == .later)
        try table.release(ten, actual: [40], slot: 0, now: Self.start)
        let sixty = BudgetDemand([.init(rule: 0, cost: 60)])
        #expect(try table.ask(sixty, slot: 0, now: Self.start) == .granted)
        #expect(try table.ask(BudgetDemand([.init(rule: 0, cost: 101)]), slot: 0, now: Self.start) == .never)
    }

    @Test func refusalTakesNothing() throws {
        let memory = Memory(BudgetPlan([Self.window(10, .seconds(1)), .init(.gate(most: 1))], text: ""))
        var table = memory.table
        let both = BudgetDemand([.init(rule: 0, cost: 1), .init(rule: 1, cost: 1)])
        #expect(try table.ask(both, slot: 0, now: Self.start) == .granted)
        for slot in 1..<9 { #expect(try table.ask(both, slot: slot, now: Self.start) == .later) }
        for slot in 1..<9 { table.leave(both.mask, slot: slot, now: Self.start) }
        // Nine more of the other rule's: none of them was taken.
        for _ in 0..<9 { #expect(try table.ask(Self.one, slot: 9, now: Self.start) == .granted) }
        #expect(try table.ask(Self.one, slot: 9, now: Self.start) == .later)
    }

    @Test func firstComeFirstServed() throws {
        let memory = Memory(BudgetPlan([.init(.gate(most: 1))], text: ""))
        var table = memory.table
        #expect(try table.ask(Self.one, slot: 0, now: Self.start) == .granted)
        for slot in 1...8 { #expect(try table.ask(Self.one, slot: slot, now: Self.start) == .later) }
        for slot in 1...8 {
            table.forgetWoken()
            try table.release(Self.one, slot: slot - 1, now: Self.start)
            #expect(table.woken == [slot])
            // The one before comes again at once, and waits behind all others.
            #expect(try table.ask(Self.one, slot: slot - 1, now: Self.start) != .granted)
            #expect(try table.ask(Self.one, slot: slot, now: Self.start) == .granted)
        }
        #expect(table.check())
    }

    @Test func whoDoesNotComeIsPassedBy() throws {
        let memory = Memory(BudgetPlan([.init(.gate(most: 1))], text: ""))
        var table = memory.table
        #expect(try table.ask(Self.one, slot: 0, now: Self.start) == .granted)
        #expect(try table.ask(Self.one, slot: 1, now: Self.start) == .later)
        #expect(try table.ask(Self.one, slot: 2, now: Self.start) == .later)
        try table.release(Self.one, slot: 0, now: Self.start)
        #expect(try table.ask(Self.one, slot: 2, now: Self.start) == .at(Self.start + BudgetTable.patience))
        #expect(try table.ask(Self.one, slot: 2, now: Self.start + BudgetTable.patience) == .granted)
        try table.release(Self.one, slot: 2, now: Self.start + BudgetTable.patience)
        #expect(try table.ask(Self.one, slot: 1, now: Self.start + BudgetTable.patience) == .granted)
    }

    @Test func otherLimitsAreNotWaitedFor() throws {
        let memory = Memory(BudgetPlan([.init(.gate(most: 1)), .init(.gate(most: 1))], text: ""))
        var table = memory.table
        let other = BudgetDemand([.init(rule: 1, cost: 1)])
        #expect(try table.ask(Self.one, slot: 0, now: Self.start) == .granted)
        #expect(try table.ask(Self.one, slot: 1, now: Self.start) == .later)
        #expect(try table.ask(other, slot: 2, now: Self.start) == .granted)
    }

    @Test func whatADeadOneHeldComesBack() throws {
        let plan = BudgetPlan(
            [Self.window(2, .seconds(1)), .init(.gate(most: 2))], text: "", lease: .milliseconds(300))
        let memory = Memory(plan)
        var table = memory.table
        let both = BudgetDemand([.init(rule: 0, cost: 1), .init(rule: 1, cost: 1)])
        table.occupy(slot: 5)
        #expect(try table.ask(both, slot: 5, now: Self.start) == .granted)
        #expect(try table.ask(both, slot: 5, now: Self.start) == .granted)
        #expect(try table.ask(both, slot: 6, now: Self.start) == .later)
        try table.bury(slot: 5, now: Self.start)
        #expect(table.woken == [6])
        #expect(!table.isOccupied(slot: 5))
        // The gate is open at once; the server may count the requests until the lease ends.
        #expect(
            try table.ask(BudgetDemand([.init(rule: 1, cost: 2)]), slot: 7, now: Self.start + .milliseconds(51))
                == .granted)
        try table.release(BudgetDemand([.init(rule: 1, cost: 2)]), slot: 7, now: Self.start + .milliseconds(51))
        #expect(
            try table.ask(both, slot: 6, now: Self.start + .milliseconds(51)) == .at(Self.start + .milliseconds(1300)))
        #expect(try table.ask(both, slot: 6, now: Self.start + .milliseconds(1300)) == .granted)
        #expect(table.check())
    }

    @Test func aDeathForgetsNothingOfWhatOthersSent() throws {
        let memory = Memory(BudgetPlan([Self.window(3, .seconds(1))], text: "", lease: .milliseconds(800)))
        var table = memory.table
        for _ in 0..<2 {
            #expect(try table.ask(Self.one, slot: 1, now: Self.start) == .granted)
            try table.release(Self.one, slot: 1, now: Self.start)
        }
        table.occupy(slot: 2)
        #expect(try table.ask(Self.one, slot: 2, now: Self.start + .milliseconds(300)) == .granted)
        try table.bury(slot: 2, now: Self.start + .milliseconds(300))
        #expect(
            try table.ask(Self.one, slot: 3, now: Self.start + .milliseconds(400)) == .at(Self.start + .seconds(1)))
        #expect(table.check())
    }

    @Test func pauseIsForAllOfThatLimit() throws {
        let memory = Memory(BudgetPlan([Self.window(5, .seconds(1)), .init(.gate(most: 5))], text: ""))
        var table = memory.table
        table.pause(1, until: Self.start + .seconds(9))
        table.pause(1, until: Self.start + .seconds(3))
        #expect(try table.ask(Self.one, slot: 3, now: Self.start) == .at(Self.start + .seconds(9)))
        #expect(try table.ask(BudgetDemand([.init(rule: 1, cost: 1)]), slot: 3, now: Self.start) == .granted)
    }

    @Test(arguments: 0..<4) func aKillInTheMiddleLeavesAllOrNothing(seed: Int) throws {
        var chance = Seeded(seed: UInt64(seed) + 77)
        let memory = Memory(
            BudgetPlan(
                [
                    Self.window(3, .milliseconds(50)), .init(.bucket(interval: .milliseconds(5), burst: 4)),
                    .init(.gate(most: 3)),
                ], text: ""))
        var table = memory.table
        let demand = BudgetDemand((0..<3).map { .init(rule: $0, cost: 1) })
        let layout = BudgetLayout(memory.plan)
        var now = Self.start
        var held: [Int] = []
        for _ in 0..<60 {
            now = now + Timespan(nanoseconds: chance.below(Int64(20_000_000)))
            let before = memory.snapshot
            let slot = chance.below(4)
            switch chance.below(6) {
            case 0, 1, 2: if try table.ask(demand, slot: slot, now: now) == .granted { held.append(slot) }
            case 3, 4:
                guard let index = held.indices.last else { continue }
                try table.release(demand, slot: held.remove(at: index), now: now)
            default:
                try table.bury(slot: slot, now: now)
                held.removeAll { $0 == slot }
            }
            #expect(table.check())
            let after = memory.snapshot
            guard after.prefix(layout.changes) != before.prefix(layout.changes) else { continue }
            // Nothing written down as a whole yet: as before.
            memory.restore(before)
            for word in layout.changes..<after.count { memory.words[word] = after[word] }
            var other = memory.table
            try other.recover()
            #expect(memory.settled == Array(before.prefix(layout.changes)))
            // Written down; any number of words made.
            for made in 0...table.changed {
                memory.restore(before)
                for word in layout.changes..<after.count { memory.words[word] = after[word] }
                memory.words[layout.committed] = Int64(table.changed)
                for entry in 0..<made {
                    memory.words[Int(after[layout.changes + 2 * entry])] = after[layout.changes + 2 * entry + 1]
                }
                try other.recover()
                #expect(memory.settled == Array(after.prefix(layout.changes)))
            }
            memory.restore(after)
        }
    }

    @Test func nonsenseInMemoryIsAnErrorAndNoTrap() throws {
        let memory = Memory(
            BudgetPlan(
                [
                    Self.window(3, .milliseconds(50)), .init(.bucket(interval: .milliseconds(5), burst: 4)),
                    .init(.gate(most: 3)),
                ], text: ""))
        let demand = BudgetDemand((0..<3).map { .init(rule: $0, cost: 1) })
        for seed in 0..<100 {
            var chance = Seeded(seed: UInt64(seed))
            for word in 0..<memory.count {
                memory.words[word] =
                    switch chance.below(6) {
                    case 0: Int64(bitPattern: chance.next())
                    case 1: .max
                    case 2: .min
                    case 3: chance.below(Int64(100))
                    default: 0
                    }
            }
            var table = memory.table
            try? table.recover()
            _ = table.check()
            for slot in 0..<3 {
                _ = try? table.ask(demand, slot: slot, now: Self.start)
                try? table.release(demand, slot: slot, now: Self.start)
                try? table.bury(slot: slot, now: Self.start)
                table.leave(demand.mask, slot: slot, now: Self.start)
                table.pause(7, until: Self.start)
                table.move(by: Timespan(nanoseconds: .max), now: Self.start)
            }
        }
    }
}
