/// A walk whose cursor the server no longer knows, and that began again from page one.
struct StartedOver: Sendable {
    /// The first page since.
    var page: UInt64 = 0
    /// How many records had been handed over then.
    var delivered: Int64?
}

extension Walk {
    /// From page one, behind all that came: its keys are known, so it is left out when it comes again.
    mutating func startOver(_ facts: inout PageFacts, _ reading: PageReader.Reading) throws(Failure) {
        guard !stream.rules.key.isEmpty, stream.rules.duplicates.isDropping else {
            throw expired("the walk can't start over, since the stream has no \"key\" to leave out by what came before")
        }
        guard paging.pages > 0, index > firstOfRound else { throw expired("even for the first page") }
        guard ahead.pages.isEmpty else { throw expired("the walk can't start over while pages are read in parallel") }
        if let before = over.delivered, before >= paging.delivered {
            throw expired("the walk has started over before, and got no further")
        }
        over.delivered = paging.delivered
        over.page = index &+ 1
        paging.startAgain()
        forgetRound()
        facts.take(reading, filters: stream.rules.filter != nil)
        facts.duplicates = 0
        facts.hasMore = true
        facts.nextToken = token?.shown
    }

    private func expired(_ why: String) -> Failure {
        Failure(.data, "the server does not go on from here (\"start_over\"): \(why)")
    }
}
