/// Meta's usage headers: JSON objects of percentages, and in minutes how long until access is regained.
///
/// Only numbers under known names are wanted, at any depth, so they are picked out without a JSON parser.
struct MetaUsage {
    private(set) var policy: QuotaPolicy
    /// The stated wait; nil when access was not lost.
    private(set) var wait: Timespan?

    init?(_ fields: RateFields) {
        var highest: Int64?
        var minutes: Int64 = 0
        for field in fields.fields {
            switch field.name {
            case "x-app-usage", "x-business-use-case-usage", "x-ad-account-usage", "x-page-usage": break
            default: continue
            }
            MetaUsage.numbers(in: field.value) { name, number in
                // A started percent is used.
                let whole = number.whole.addingSaturating(number.billionths > 0 ? 1 : 0)
                switch name {
                case "call_count", "total_time", "total_cputime", "acc_id_util_pct": highest = max(highest ?? 0, whole)
                case "estimated_time_to_regain_access": minutes = max(minutes, whole)
                default: break
                }
            }
        }
        guard let highest else { return nil }
        if minutes > 0 { wait = ResetText.bounded(.seconds(minutes.multipliedSaturating(by: 60))) }
        policy = QuotaPolicy(limit: 100, remaining: max(0, 100 - highest), resetAfter: wait, unit: "percent")
    }

    /// Calls `found` for every `"name": number`. Strings are stepped over whole, so nothing inside one is taken for a
    /// name; whatever is no JSON yields nothing worse than nothing.
    private static func numbers(in text: String, _ found: (String, DecimalText) -> Void) {
        var cursor = ByteCursor(text)
        while !cursor.isAtEnd {
            cursor.skipWhile { $0 != quote }
            cursor.skip()
            var name: [UInt8] = []
            while let byte = cursor.next(), byte != quote {
                if byte == UInt8(ascii: "\\") { cursor.skip() } else if name.count < 64 { name.append(byte) }
            }
            cursor.skipWhile(ASCII.isBlank)
            guard cursor.take(":") else { continue }
            cursor.skipWhile(ASCII.isBlank)
            if let number = DecimalText(&cursor) { found(String(decoding: name, as: UTF8.self), number) }
        }
    }

    private static let quote = UInt8(ascii: "\"")
}
