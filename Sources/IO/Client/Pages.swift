package import Engine
internal import Synchronization

/// The host's end of a walk. Ends it when nobody holds it any more.
package final class Pages: Sendable {
    private let queue: PageQueue
    private let loop: ClientLoop
    private let walk: UInt64
    /// No page is fetched before it is asked for.
    private let isOnDemand: Bool
    private let taken = Atomic<UInt64>(0)
    package let generation = Fork.generation

    init(queue: PageQueue, loop: ClientLoop, walk: UInt64, isOnDemand: Bool) {
        self.queue = queue
        self.loop = loop
        self.walk = walk
        self.isOnDemand = isOnDemand
    }

    deinit {
        if Fork.isSame(generation) { loop.close(walk: walk) }
    }

    package var descriptor: Int32 { queue.descriptor }

    package var counts: Engine.Client.Counts { loop.counts(of: walk) }

    /// Nil when nothing came in time; nothing is lost then.
    package func next(milliseconds: Int64) -> PageQueue.Taken? {
        ask()
        let next = queue.take(milliseconds: milliseconds)
        if case .page(let page)? = next {
            if isOnDemand { taken.add(1, ordering: .relaxed) }
            loop.consumed(walk: walk, bytes: Int64(page.size))
        }
        return next
    }

    /// For those who wait for the descriptor before they take a page.
    package func ask() {
        if isOnDemand { loop.asked(walk: walk, taken: taken.load(ordering: .relaxed)) }
    }

    func tell(_ kind: Event.Kind) { loop.told(kind, walk: walk) }

    package func cancel() {
        queue.end(Failure(.cancelled, "the paginator was cancelled"))
        loop.cancel(walk: walk)
    }
}
