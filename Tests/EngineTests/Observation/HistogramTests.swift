import EngineTestKit
import Testing

@testable import Engine

@Suite struct HistogramTests {
    @Test func quantilesAreRightWithinAnEighth() {
        for seed in 0..<20 as Range<UInt64> {
            var chance = Seeded(seed: seed)
            var histogram = Histogram()
            var values: [Int64] = []
            for _ in 0..<500 {
                let value = Int64(chance.below(1 << (4 + chance.below(22)))) + 1
                values.append(value)
                histogram.add(Timespan(nanoseconds: value * 1000))
            }
            values.sort()
            for thousandths in [1, 500, 950, 990, 1000] as [Int64] {
                let exact = values[Int((500 * thousandths + 999) / 1000) - 1]
                let found = histogram.quantile(thousandths: thousandths).nanoseconds / 1000
                #expect(found >= exact && found <= exact + exact / 8 + 1, "\(thousandths): \(found) for \(exact)")
            }
            for power in 10...26 {
                #expect(histogram.below(power: power) == Int64(values.count { $0 < 1 << power }))
            }
            #expect(histogram.average.nanoseconds / 1000 == values.reduce(0, +) / 500)
        }
    }

    @Test func anyTimeHasABucket() {
        var histogram = Histogram()
        for value in [Int64.min, -1, 0, 1, 7, 8, 9, .max] { histogram.add(Timespan(nanoseconds: value)) }
        #expect(histogram.count == 8)
        #expect(histogram.quantile(thousandths: 1000).nanoseconds == .max)
        #expect(Histogram().quantile(thousandths: 500) == .zero)
    }
}
