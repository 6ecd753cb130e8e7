/// The server's explicit wait, from headers.
public enum RetryAfter {
    /// A `Retry-After` value: seconds, with a fraction as some servers have it (Shopify "2.0"), a date in any of HTTP's
    /// three forms, or in ISO 8601 (Zoom). An epoch second is taken for one within 31 days of `now`. A date in the
    /// past is zero. Signs, exponents, words and more than 366 days are no wait.
    public static func parse(_ value: String, now: WallTime) -> Timespan? {
        if let number = DecimalText(value) {
            let wait = number.timespan(unit: 1_000_000_000)
            if wait <= RateLimitFeedback.longestWait { return wait }
            guard number.whole >= ResetText.firstEpoch else { return nil }
            let time = WallTime(epochSeconds: number.whole, nanoseconds: Int32(number.billionths))
            let distance = time - now
            let bound = Timespan.seconds(31 * 86_400)
            return distance <= bound && now - time <= bound ? max(distance, .zero) : nil
        }
        let time =
            HTTPDate.parse(value, now: now, acceptingUTC: true).map { WallTime(epochSeconds: $0) }
            ?? ISO8601.parse(value)
        return time.flatMap { ResetText.wait(until: $0, now: now) }
    }

    /// The wait of a response, by precedence: milliseconds (OpenAI's and Azure's clients prefer them), seconds or
    /// date, Sentry's. Of several lines the longest.
    static func wait(in fields: RateFields, now: WallTime) -> Timespan? {
        longest(fields.all("retry-after-ms"), milliseconds)
            ?? longest(fields.all("x-ms-retry-after-ms"), milliseconds)
            ?? longest(fields.all("retry-after")) { parse($0, now: now) }
            ?? longest(fields.all("x-sentry-rate-limits"), sentry)
    }

    private static func longest(_ values: [String], _ parse: (String) -> Timespan?) -> Timespan? {
        values.compactMap(parse).max()
    }

    private static func milliseconds(_ value: String) -> Timespan? {
        DecimalText(value).flatMap { ResetText.bounded($0.timespan(unit: 1_000_000)) }
    }

    /// `60:transaction:key, 2700:default;error:organization`: seconds and what they hold for. Requests are not told
    /// apart by Sentry's categories here, so the longest counts.
    private static func sentry(_ value: String) -> Timespan? {
        let waits = value.utf8.split(separator: UInt8(ascii: ",")).compactMap { quota -> Timespan? in
            let seconds = quota.prefix { $0 != UInt8(ascii: ":") }.filter { !ASCII.isBlank($0) }
            return DecimalText(String(decoding: seconds, as: UTF8.self)).flatMap {
                ResetText.bounded($0.timespan(unit: 1_000_000_000))
            }
        }
        return waits.max()
    }
}
