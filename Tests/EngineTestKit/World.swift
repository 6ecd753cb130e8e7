public import Engine

/// Drives clients as IO does, on a virtual clock: days of traffic in milliseconds, and nothing happens by accident.
///
/// It holds the engine to its contract with IO on the way; what was broken is in `violations`.
public final class World {
    public struct Sent {
        public var client: Int
        public var transfer: UInt64
        public var request: TransferRequest
        public var at: Instant
        /// When the response was in.
        public var answeredAt: Instant?
    }
    public struct Page {
        public var client: Int
        public var walk: UInt64
        public var facts: PageFacts
        public var records: [String]
        public var bodySize: Int64
        public var at: Instant
    }
    public struct Ending {
        public var client: Int
        public var walk: UInt64
        public var failure: Failure?
        public var at: Instant
    }
    private struct Happening {
        var at: Instant
        var order: Int
        var client: Int
        var transfer: UInt64
        var reply: Reply
        var isHead = false
    }
    private struct Key: Hashable {
        var client: Int
        var transfer: UInt64
    }

    public private(set) var now = Instant(nanoseconds: 1_000_000_000)
    public private(set) var clients: [Client] = []
    private var budget: SimulatedBudget?
    /// What the clients share that are added from now on.
    public var shared: Limiter? {
        get { budget?.limiter }
        set {
            guard let newValue else { return budget = nil }
            if let budget { budget.limiter = newValue } else { budget = SimulatedBudget(newValue) }
        }
    }
    /// What clients that are added from now on keep their tokens in.
    public var tokens: SimulatedTokens?
    public var services: TestServices
    public let server: (TransferRequest, Sent) -> Reply

    public private(set) var sent: [Sent] = []
    public private(set) var pages: [Page] = []
    public private(set) var endings: [Ending] = []
    public private(set) var aborted: [UInt64] = []
    public private(set) var discards = 0
    /// Sends, pages, discards, endings and aborts in the order of their coming, for tests of order.
    public private(set) var story: [String] = []
    public private(set) var violations: [String] = []
    /// The host takes every page at once.
    public var consumesAtOnce = true
    public var mostRequests = 100_000
    /// What the calendar said at the world's beginning, in seconds since 1970; responses bring no time without it.
    public var epoch: Int64?
    /// Called between any two events, when every client waits.
    public var onStep: ((World) -> Void)?
    /// Until when each client said that it waits.
    public var wakes: [Instant?] { wakeUps }

    /// What the clients tell, as IO keeps it.
    private var recorders: [Recorder] = []
    /// All of it, as JSON.
    public private(set) var told: [String] = []
    public var keepsTold = false

    public func snapshot(_ client: Int = 0) -> Snapshot {
        clients[client].snapshot(&recorders[client], now: now, wall: wall)
    }
    private var wall: WallStart { WallStart(instant: now, nanosecondsSinceEpoch: 1_700_000_000_000_000_000) }

    private func record(_ client: Int) {
        let names = clients[client].streamNames
        let writer = keepsTold ? EventWriter(clients[client].source, wall: wall) : nil
        for event in clients[client].takeEvents() {
            let number = recorders[client].take(event, names: names)
            guard let writer else { continue }
            told.append(writer.json(event, number: number, names: names))
            told.append(writer.line(event, names: names))
        }
    }

    private var events: [Happening] = []
    private var wakeUps: [Instant?] = []
    private var bodies: [Key: [UInt8]] = [:]
    private var answered: Set<Key> = []
    private var closed: Set<Key> = []
    /// Walks whose pages may wait for each other before they are handed over.
    private var keepers: Set<Key> = []
    private var order = 0

    public init(
        services: TestServices = TestServices(.seeded(Seeded(seed: 1))),
        server: @escaping (TransferRequest, Sent) -> Reply
    ) {
        self.services = services
        self.server = server
    }

    // MARK: the host

    @discardableResult public func add(_ source: Source) -> Int {
        clients.append(Client(source: source, budget: budget, notary: TestNotary(tokens, client: clients.count)))
        wakeUps.append(nil)
        recorders.append(Recorder())
        return clients.count - 1
    }

    public func open(_ stream: Stream, walk: UInt64 = 1, client: Int = 0, isCall: Bool = false) {
        // Those that look ahead by Link headers or cursors in headers, too.
        let isToldByHead =
            switch stream.paging.style {
            case .cursor(_, .header), .cursor(_, .link), .nextURL(.header), .nextURL(.link), .detect: true
            default: false
            }
        if stream.parallel > 1 || isToldByHead || stream.over != nil {
            keepers.insert(Key(client: client, transfer: walk))
        }
        clients[client].open(stream, isCall: isCall, walk: walk)
    }

    public func close(walk: UInt64 = 1, client: Int = 0) {
        closed.insert(Key(client: client, transfer: walk))
        keepers.remove(Key(client: client, transfer: walk))
        clients[client].close(walk: walk, now: now)
    }

    /// The host asks for the page behind `taken` others.
    public func ask(taken: UInt64, walk: UInt64 = 1, client: Int = 0) {
        clients[client].asked(walk: walk, taken: taken)
    }

    public func consume(_ page: Page) {
        clients[page.client].consumed(walk: page.walk, bytes: page.bodySize)
    }

    // MARK: time

    /// Bodies that neither went with a page nor were given back. None when every walk is over.
    public var heldBodies: Int { bodies.count }
    /// The most bodies that were held at once.
    public private(set) var mostHeld = 0

    /// Until nothing is left to happen, or until `end` (from now).
    public func run(for end: Timespan = .seconds(400 * 24 * 3600)) {
        let deadline = now + end
        while true {
            settle()
            onStep?(self)
            guard violations.count < 20 else { return }
            var next: Instant?
            for at in wakeUps.compactMap(\.self) + events.map(\.at) { next = min(next ?? at, at) }
            guard let next else { return }
            guard next <= deadline else {
                now = max(now, deadline)
                return
            }
            if next > now { now = next }
            deliver()
        }
    }

    /// All that time goes by, whatever happens in it.
    public func pass(_ time: Timespan) {
        let end = now + time
        run(for: time)
        now = max(now, end)
    }

    /// Every client acts until it waits; again as long as one of them did something, since they share a limiter.
    public func settle() {
        var taken = 0
        var acted = true
        while acted {
            acted = false
            for index in clients.indices {
                while let did = act(index) {
                    guard did else { break }
                    acted = true
                    taken += 1
                    guard taken < 20_000 else { return violate("more than 20000 actions at one instant") }
                    guard sent.count <= mostRequests else { return violate("more than \(mostRequests) requests") }
                }
            }
        }
        for key in answered where bodies[key] != nil && !keepers.contains(where: { $0.client == key.client }) {
            violate("transfer \(key.transfer): neither page nor discard")
            bodies[key] = nil
        }
    }

    private func deliver() {
        let due = events.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        events.removeAll { $0.at <= now }
        for event in due { deliver(event) }
    }

    private func deliver(_ event: Happening) {
        tokens?.now = now
        if event.isHead { return deliverHead(event) }
        let key = Key(client: event.client, transfer: event.transfer)
        if let index = sent.firstIndex(where: { $0.client == event.client && $0.transfer == event.transfer }) {
            sent[index].answeredAt = now
        }
        switch event.reply.outcome {
        case .silence: break
        case .failure(let kind, let reached):
            let failure = TransferFailure(
                kind: kind, code: 0, detail: "transfer failed: \(kind)", mayHaveReachedServer: reached)
            clients[event.client].failed(
                transfer: event.transfer, failure: failure, now: now, services: &services)
        case .response(let status, let headers, let body):
            var head = ResponseHead()
            head.status = status
            head.headers = HeaderFields(headers)
            head.bodyBytes = Int64(body.count)
            if let epoch { head.receivedAtEpoch = epoch + now.nanoseconds / 1_000_000_000 }
            head.hiddenResends = event.reply.hiddenResends
            bodies[key] = body
            mostHeld = max(mostHeld, bodies.count)
            answered.insert(key)
            body.withUnsafeBytes {
                clients[event.client].received(
                    transfer: event.transfer, head: head, body: $0, now: now, services: &services)
            }
        }
        settle()
    }

    private func deliverHead(_ event: Happening) {
        var head = ResponseHead()
        head.status = 200
        head.headers = HeaderFields(event.reply.headFields)
        if case .response(let status, let headers, _) = event.reply.outcome {
            guard 200..<300 ~= status else { return }
            head.status = status
            head.headers = HeaderFields(headers)
        }
        clients[event.client].headReceived(transfer: event.transfer, head: head, services: services)
        settle()
    }

    /// Nil and false: it waits.
    private func act(_ index: Int) -> Bool? {
        tokens?.now = now
        switch clients[index].next(now: now) {
        case .send(let transfer, let request):
            let one = Sent(client: index, transfer: transfer, request: request, at: now)
            sent.append(one)
            story.append("send \(transfer)")
            let reply = server(request, one)
            if case .silence = reply.outcome { return true }
            if request.reportsHead, let latency = reply.headLatency, latency < reply.latency {
                order += 1
                let at = now + latency
                events.append(
                    Happening(at: at, order: order, client: index, transfer: transfer, reply: reply, isHead: true))
            }
            order += 1
            events.append(
                Happening(at: now + reply.latency, order: order, client: index, transfer: transfer, reply: reply))
        case .abort(let transfer):
            aborted.append(transfer)
            story.append("abort \(transfer)")
            events.removeAll { $0.client == index && $0.transfer == transfer }
        case .page(let walk, let facts):
            story.append("page \(walk).\(facts.index)")
            take(index, walk, facts)
        case .discard(let transfer):
            discards += 1
            story.append("discard \(transfer)")
            resolve(Key(client: index, transfer: transfer))
        case .ended(let walk, let failure):
            story.append("ended \(walk)")
            if closed.contains(Key(client: index, transfer: walk)) { violate("walk \(walk) ended after it was closed") }
            if endings.contains(where: { $0.client == index && $0.walk == walk }) {
                violate("walk \(walk) ended twice")
            }
            keepers.remove(Key(client: index, transfer: walk))
            endings.append(Ending(client: index, walk: walk, failure: failure, at: now))
        case .wait(let until):
            if let until, until <= now { violate("waits until the past") }
            wakeUps[index] = until
            record(index)
            return false
        }
        return true
    }

    private func take(_ client: Int, _ walk: UInt64, _ facts: PageFacts) {
        let key = Key(client: client, transfer: facts.transfer)
        let body = bodies[key] ?? []
        resolve(key)
        if closed.contains(Key(client: client, transfer: walk)) {
            violate("walk \(walk) gave a page after it was closed")
        }
        if endings.contains(where: { $0.client == client && $0.walk == walk }) {
            violate("walk \(walk) gave a page after its end")
        }
        let written = facts.writtenRecords
        let records = (written ?? body).withUnsafeBytes { bytes in facts.records.map { $0.text(in: bytes) } }
        let page = Page(
            client: client, walk: walk, facts: facts, records: records,
            bodySize: Int64(body.count + (written?.count ?? 0)), at: now)
        pages.append(page)
        if consumesAtOnce { consume(page) }
    }

    private func resolve(_ key: Key) {
        if bodies.removeValue(forKey: key) == nil {
            violate("transfer \(key.transfer): resolved twice or never answered")
        }
    }

    private func violate(_ what: String) { violations.append(what) }
}

extension World {
    /// One client, one walk (or call), replies in their order. A request beyond them is answered with a teapot, which no
    /// plan takes for anything but a failure.
    public static func walk(
        _ stream: Stream, source: Source? = nil, chance: TestServices.Chance = .seeded(Seeded(seed: 1)),
        isCall: Bool = false, _ replies: [Reply]
    ) throws -> World {
        var index = 0
        let world = World(services: TestServices(chance)) { _, _ in
            defer { index += 1 }
            return index < replies.count ? replies[index] : .status(418, body: "the script is over")
        }
        world.add(try source ?? Make.source())
        world.open(stream, isCall: isCall)
        world.run()
        return world
    }

    public var records: [String] { pages.flatMap(\.records) }
    public var warnings: [String] { pages.flatMap(\.facts.warnings) }
    /// Path and query of every request.
    public var targets: [String] {
        sent.map { sent in
            guard let url = try? WebURL(sent.request.url) else { return sent.request.url }
            return url.requestTarget
        }
    }
    public var ended: Bool { !endings.isEmpty }
    public var failure: Failure? { endings.first?.failure }
    /// Ended well.
    public var succeeded: Bool { ended && endings.allSatisfy { $0.failure == nil } && violations.isEmpty }
}
