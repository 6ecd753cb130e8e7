import Testing

@testable import struct Engine.Turns

@Suite struct TurnsTests {
    private func drain(_ turns: inout Turns) -> [UInt64] {
        var all: [UInt64] = []
        while let next = turns.removeFirst() { all.append(next) }
        return all
    }

    @Test func oneWalkEachGoesInOrderOfArrival() {
        var turns = Turns()
        for walk: UInt64 in 1...4 { turns.append(10 + walk, walk: walk, place: 0) }
        #expect(turns.first == 11)
        #expect(drain(&turns) == [11, 12, 13, 14])
        #expect(turns.isEmpty && turns.removeFirst() == nil)
    }

    @Test func walksTakeTurnsHoweverManyRequestsTheyHave() {
        var turns = Turns()
        for page: UInt64 in 1...4 { turns.append(10 + page, walk: 1, place: page) }
        for page: UInt64 in 1...2 { turns.append(20 + page, walk: 2, place: page) }
        turns.append(31, walk: 3, place: 0)
        #expect(drain(&turns) == [11, 21, 31, 12, 22, 13, 14])
    }

    @Test func whoComesBackAtOnceWaitsForTheOthers() {
        var turns = Turns()
        for page: UInt64 in 1...4 { turns.append(10 + page, walk: 1, place: page) }
        var order: [UInt64] = []
        var other: UInt64 = 20
        for _ in 0..<4 {
            turns.append(other, walk: 2, place: 0)
            other += 1
            for _ in 0..<2 { order.append(turns.removeFirst() ?? 0) }
        }
        #expect(order == [11, 20, 12, 21, 13, 22, 14, 23])
    }

    @Test func earlierPagesOfAWalkGoFirst() {
        var turns = Turns()
        turns.append(14, walk: 1, place: 4)
        turns.append(15, walk: 1, place: 5)
        turns.append(20, walk: 2, place: 0)
        turns.append(12, walk: 1, place: 2)
        #expect(drain(&turns) == [12, 20, 14, 15])
    }

    @Test func whatIsTakenBackIsGone() {
        var turns = Turns()
        for page: UInt64 in 1...3 { turns.append(page, walk: 1, place: page) }
        turns.remove(2)
        #expect(turns.removeAll() == [1, 3] && turns.isEmpty)
    }
}
