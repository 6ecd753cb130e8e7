/// Walks that are made of walks. What those inside say goes to the one outside, which says what the host hears.
extension Client {
    mutating func openFanOut(_ stream: Stream, _ plan: OverPlan, walk id: UInt64) {
        counts[id] = Counts()
        fanOuts[id] = FanOut(stream, plan, source: source)
        fanOuts[id]?.start(ids: &lastInner)
        noteCursor(of: id)
        obey(id)
    }

    /// The host's walk, or the one inside, whose page was taken.
    mutating func consumedFanOut(walk id: UInt64) {
        fanOuts[id]?.consumed(ids: &lastInner)
        obey(id)
    }

    mutating func askedFanOut(walk id: UInt64, taken: UInt64) {
        fanOuts[id]?.ask(taken: taken, ids: &lastInner)
        obey(id)
    }

    mutating func closeFanOut(walk id: UInt64, now: Instant) {
        guard var fanOut = fanOuts.removeValue(forKey: id) else { return }
        for inner in fanOut.walks {
            owners[inner] = nil
            close(walk: inner, now: now)
        }
        for transfer in fanOut.close() { actions.append(.discard(transfer: transfer)) }
        counts[id] = nil
    }

    /// Nil: it was for an outer walk to hear, and what comes of it is among the actions.
    mutating func route(_ action: Action, now: Instant) -> Action? {
        switch action {
        case .page(let walk, let facts):
            guard let owner = owners[walk] else { return action }
            rollUp(walk, into: owner)
            fanOuts[owner]?.received(facts, from: walk, ids: &lastInner)
            obey(owner)
        case .ended(let walk, let failure):
            guard let owner = owners.removeValue(forKey: walk) else { return action }
            rollUp(walk, into: owner)
            close(walk: walk, now: now)
            fanOuts[owner]?.ended(walk, failure, ids: &lastInner)
            obey(owner)
        default: return action
        }
        closeUnwanted(now: now)
        return nil
    }

    private mutating func obey(_ id: UInt64) {
        while let orders = fanOuts[id]?.takeOrders(), !orders.isEmpty {
            for order in orders {
                switch order {
                case .open(let inner, let stream):
                    owners[inner] = id
                    open(stream, isCall: false, walk: inner)
                case .close(let inner): unwantedWalks.append(inner)
                case .consumed(let inner, let bytes): consumed(walk: inner, bytes: bytes)
                case .hold(let inner, let held): hold(inner, held)
                case .page(let facts): actions.append(.page(walk: id, facts: facts))
                case .discard(let transfer): actions.append(.discard(transfer: transfer))
                case .ended(let failure): actions.append(.ended(walk: id, failure: failure))
                }
            }
        }
        if let skips = fanOuts[id]?.skips, skips.count > 0 {
            counts[id]?.skipped = skips.count
            counts[id]?.firstSkipped = skips.messages
        }
    }

    mutating func closeUnwanted(now: Instant) {
        while let inner = unwantedWalks.popLast() {
            guard let owner = owners.removeValue(forKey: inner) else { continue }
            rollUp(inner, into: owner)
            close(walk: inner, now: now)
        }
    }

    private mutating func rollUp(_ inner: UInt64, into owner: UInt64) {
        guard let part = counts[inner] else { return }
        counts[owner]?.requests += part.requests
        counts[owner]?.retries += part.retries
        counts[owner]?.throttled += part.throttled
        counts[inner] = Counts()
    }
}
