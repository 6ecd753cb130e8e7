/// Reads from the head of a response what the next page is asked for with, before the body is there. A guess like every
/// page ahead: what the whole response says decides.
struct HeadReader: Sendable {
    private let plan: PagingPlan
    private let values: ResponseReader

    /// Nil where the body has a word in it.
    init?(_ plan: PagingPlan, _ request: RequestPlan) {
        guard plan.isToldByHead, Ahead.isKnownAhead(request) else { return nil }
        let sources = [plan.tokenSource, plan.hasMore].compactMap(\.self) + plan.stops.flatMap(\.sources)
        guard let values = try? ResponseReader(sources) else { return nil }
        self.plan = plan
        self.values = values
    }

    /// The token in it. Nil when there is none, or when something in the head ends the walk.
    func token(in head: ResponseHead, url: WebURL, request: RequestValues, services: some Services) -> Extracted? {
        let response = ResponseReader.Response(
            body: UnsafeRawBufferPointer(start: nil, count: 0), head: head, request: request, matches: JSONMatches(),
            first: nil, last: nil, written: nil, count: 0)
        func value(_ source: ValueSource?) throws(Failure) -> Extracted? {
            try values.value(source, response, services)
        }
        do {
            if let flag = try value(plan.hasMore)?.flag, !flag { return nil }
            for rule in plan.stops
            where try rule.holds(url: url, { source throws(Failure) in try value(source) }) == true {
                return nil
            }
            return try value(plan.tokenSource)
        } catch {
            return nil
        }
    }
}
