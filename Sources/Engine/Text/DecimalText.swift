/// A non-negative decimal number as text, read exactly: no sign, exponent, `inf`, `nan`, hexadecimal or digits other
/// than ASCII's; a billionth is the finest step. Doubles would make 64.57 s into 64.569999999 s.
struct DecimalText: Equatable {
    var whole: Int64
    var billionths: Int64

    init?(_ text: String) {
        // Longer numbers mean nothing here; the bound also keeps a hostile value cheap.
        guard text.utf8.count <= 64 else { return nil }
        var cursor = ByteCursor(text)
        guard let number = DecimalText(&cursor), cursor.isAtEnd else { return nil }
        self = number
    }

    /// Digits, and a fraction if a dot follows them. Nil when `Int64` cannot hold the whole part.
    init?(_ cursor: inout ByteCursor) {
        let digits = cursor.takeWhile(ASCII.isDigit)
        guard !digits.isEmpty else { return nil }
        whole = 0
        for digit in digits {
            let (tenfold, tooBig) = whole.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tenfold.addingReportingOverflow(Int64(digit - 0x30))
            guard !tooBig, !overflow else { return nil }
            whole = sum
        }
        billionths = 0
        guard cursor.take(".") else { return }
        let fraction = cursor.takeWhile(ASCII.isDigit)
        guard !fraction.isEmpty else { return nil }
        var unit: Int64 = 100_000_000
        for digit in fraction {
            billionths += Int64(digit - 0x30) * unit
            unit /= 10
        }
    }

    /// The number times `unit` nanoseconds, saturating.
    func timespan(unit: Int64) -> Timespan {
        Timespan(nanoseconds: whole.multipliedSaturating(by: unit).addingSaturating(fraction(of: unit)))
    }

    /// What the fraction comes to in units of one `unit`th, cut. Through 128 bits, so it is exact; the quotient is
    /// below `unit` and cannot overflow.
    func fraction(of unit: Int64) -> Int64 {
        guard unit > 0 else { return 0 }
        return (1_000_000_000 as Int64).dividingFullWidth(billionths.multipliedFullWidth(by: unit)).quotient
    }
}
