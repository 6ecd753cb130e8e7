/// How pages are handed to the host: in whose turn, and what the last one tells.
extension FanOut {
    mutating func hand(_ facts: PageFacts, of walk: UInt64) {
        var facts = facts
        facts.indexWithin = facts.index
        facts.index = pages
        mayBeginAnew = false
        note(facts)
        // Of this parent only.
        if !plan.dimensions.isEmpty || stream.incremental?.hasSteps ?? true {
            facts.total = nil
            if facts.hasMore == false { facts.hasMore = nil }
        }
        pages += 1
        if let most = plan.maxRecords, records.addingSaturating(Int64(facts.records.count)) > most {
            facts.records = Array(facts.records.prefix(Int(clamping: max(0, most - records))))
            facts.recordArray = nil
        }
        records = records.addingSaturating(Int64(facts.records.count))
        facts.checkpoint = checkpoint(behind: facts.checkpoint, of: walk)
        let bytes = facts.bytes
        if plan.skipsFailures {
            // As good as taken, for the child: what the host has not taken holds it up.
            orders.append(.consumed(walk, bytes: bytes))
            giveLast()
            last = facts
        } else {
            give(facts, of: walk)
        }
        if let most = plan.maxPages, pages >= UInt64(clamping: most) { return finish(nil) }
        if let most = plan.maxRecords, records >= most { finish(nil) }
    }

    mutating func note(_ facts: PageFacts) {
        guard run != nil, run?.skew == nil else { return }
        run?.hear(facts.head)
    }

    mutating func give(_ facts: PageFacts, of walk: UInt64?) {
        let bytes = facts.bytes
        handed.append((walk, bytes))
        handedBytes = handedBytes.addingSaturating(bytes)
        given &+= 1
        orders.append(.page(facts))
    }

    mutating func giveLast(and summary: [String] = []) {
        guard var facts = last else { return }
        last = nil
        facts.warnings += skips.takeWarnings() + summary
        give(facts, of: nil)
    }

    mutating func finish(_ failure: Failure?) {
        guard !isOver else { return }
        isOver = true
        for walk in walks { orders.append(.close(walk)) }
        for child in children { for facts in child.held { orders.append(.discard(facts.transfer)) } }
        children.removeAll()
        for index in combinations.intakes.indices { combinations.intakes[index].walk = nil }
        if failure == nil { last?.hasMore = false }
        giveLast(and: skips.summary)
        var failure = failure
        if failure == nil, pages == 0, skips.count > 0, var first = skips.first {
            // Nothing was got at all, and there is no page to say so on.
            first.message =
                "nothing is left: \(skips.count) of \(skips.count) were skipped; the first: \(first.message)"
            failure = first
        }
        orders.append(.ended(failure))
    }
}
