/// Where a walk with a restart plan stands. A class, so that walks without one stay small; a walk has one of its own and
/// is used by one thread at a time, hence `@unchecked Sendable`.
final class Restarts: @unchecked Sendable {
    private let plan: RestartPlan
    /// How often the walk started again.
    private(set) var number: Int64 = 0
    /// The page that this round began with.
    private(set) var firstPage: UInt64 = 0
    /// What the requests of this round carry.
    private(set) var value: PageToken?
    private var pages: Int64 = 0
    private var records: Int64 = 0
    private var largest: Int64 = 0
    /// Of the last page that had one: an empty page has no last record.
    private var latest: Extracted?
    private var seen = LoopGuard()
    /// Records with the value that the round began with should have come, and did not yet.
    private var awaitsSeam = false

    init(_ plan: RestartPlan) {
        self.plan = plan
        value = plan.start
    }

    /// A page came, and `next` is what follows it by the rules of its style. The value to start again with, when it is
    /// time to; nil when the walk goes on, or ends, as it would have.
    func received(
        _ reading: PageReader.Reading, size: Int64?, next: Paging.Next, services: some Services
    ) throws(Failure) -> PageToken? {
        let count = Int64(reading.count)
        pages += 1
        records = records.addingSaturating(count)
        largest = max(largest, count)
        if count > 0 || reading.restart != nil { latest = reading.restart }
        let full = max(1, size ?? largest)
        guard isDue(next, count: count, full: full) else { return nil }
        guard let latest, let text = latest.text, !text.isEmpty else {
            throw failure(
                "the page's \(plan.from.described) is \(latest?.described ?? "not there"), not a text or number")
        }
        if text == value?.shown {
            // All that is left, if the server says that nothing follows.
            if case .end = next, records < plan.afterRecords ?? 0 { return nil }
            throw failure(
                "the last of \(records) records still has the value \(MessageText.quoted(text)) that they "
                    + "were asked for from, so the walk can't get past it"
            )
        }
        if number == 0, let start = value { _ = seen.hasSeen(services.fingerprint(start.shown)) }
        guard !seen.hasSeen(services.fingerprint(text)) else {
            throw failure(
                "the walk started from the value \(MessageText.quoted(text)) before: are the records in the order of that value?"
            )
        }
        if case .string = latest.value { return .text(text) }
        return .number(text)
    }

    private func isDue(_ next: Paging.Next, count: Int64, full: Int64) -> Bool {
        var isOver = false
        switch next {
        case .page: break
        case .end(.single), .end(.maxPages), .end(.maxRecords): return false
        // The server may say that nothing follows because it gives nothing deeper.
        case .end: isOver = true
        }
        // A page that is short though more would have been allowed is the last one.
        let isLast = isOver && count < full
        if let most = plan.afterRecords {
            if records >= most { return true }
            // Some refuse a page that would reach beyond it.
            if records.addingSaturating(full) > most, !isLast { return true }
        }
        if let most = plan.afterPages, pages >= most, !isLast { return true }
        return false
    }

    func begin(with token: PageToken, at page: UInt64) {
        number += 1
        firstPage = page
        value = token
        pages = 0
        records = 0
        latest = nil
        awaitsSeam = plan.isInclusive
    }

    /// A record came again, or none did where one should have: what to say about it.
    func seamWarning(count: Int, duplicates: Int64) -> String? {
        guard awaitsSeam else { return nil }
        awaitsSeam = false
        guard count == 0 || duplicates == 0 else { return nil }
        return
            "restart: no record came again with the value \(MessageText.quoted(value?.shown ?? "")); if the API gives "
            + "only records beyond it, those that share it are missing (say \"inclusive\": false only where no two "
            + "records share one)"
    }

    /// What a checkpoint keeps.
    struct Standing: Sendable, Equatable {
        var number: Int64 = 0
        var firstPage: UInt64 = 0
        var value: PageToken?
        var pages: Int64 = 0
        var records: Int64 = 0
        var largest: Int64 = 0
        var latest: PageToken?
        var awaitsSeam = false
    }

    var standing: Standing {
        var last: PageToken?
        if let latest, let text = latest.text {
            if case .string = latest.value { last = .text(text) } else { last = .number(text) }
        }
        return Standing(
            number: number, firstPage: firstPage, value: value, pages: pages, records: records, largest: largest,
            latest: last, awaitsSeam: awaitsSeam)
    }

    func takeUp(_ standing: Standing) {
        (number, firstPage, value) = (standing.number, standing.firstPage, standing.value)
        (pages, records, largest) = (standing.pages, standing.records, standing.largest)
        latest = standing.latest.map { Extracted($0) }
        awaitsSeam = standing.awaitsSeam
    }

    private func failure(_ message: String) -> Failure {
        Failure(.data, "restart (\(plan.pointer)): \(message)", pointer: plan.pointer)
    }
}

extension Walk {
    /// The first page of those that follow each other without a restart.
    var firstOfRound: UInt64 { max(restarts?.firstPage ?? 0, over.page) }

    /// Starts again from page one, when it is time to.
    mutating func startsAgain(
        after next: Paging.Next, _ reading: PageReader.Reading, _ facts: inout PageFacts, services: some Services
    ) throws(Failure) -> Bool {
        guard let restarts else { return false }
        if !stream.rules.key.isEmpty, stream.rules.filter == nil, facts.withoutKey == 0,
            let warning = restarts.seamWarning(count: reading.count, duplicates: facts.duplicates ?? 0)
        {
            facts.warnings.append(warning)
        }
        let (number, value) = (restarts.number, restarts.value?.shown)
        let token = try restarts.received(reading, size: paging.size, next: next, services: services)
        if number > 0 || token != nil {
            facts.finding = (facts.finding ?? PageFinding()).with(
                restart: PageFinding.Restart(number: number, value: value, next: token?.shown))
        }
        guard let token else { return false }
        restarts.begin(with: token, at: index &+ 1)
        paging.startAgain()
        forgetRound()
        facts.hasMore = true
        facts.nextToken = self.token?.shown
        return true
    }
}
