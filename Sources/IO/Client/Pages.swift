package import Engine

/// The host's end of a walk. Ends it when nobody holds it any more.
package final class Pages: Sendable {
    private let queue: PageQueue
    private let loop: ClientLoop
    private let walk: UInt64
    package let generation = Fork.generation

    init(queue: PageQueue, loop: ClientLoop, walk: UInt64) {
        self.queue = queue
        self.loop = loop
        self.walk = walk
    }

    deinit {
        if Fork.isSame(generation) { loop.close(walk: walk) }
    }

    package var descriptor: Int32 { queue.descriptor }

    package var counts: Engine.Client.Counts { loop.counts(of: walk) }

    /// Nil when nothing came in time; nothing is lost then.
    package func next(milliseconds: Int64) -> PageQueue.Taken? {
        let taken = queue.take(milliseconds: milliseconds)
        if case .page(let page)? = taken { loop.consumed(walk: walk, bytes: Int64(page.body.count)) }
        return taken
    }

    package func cancel() {
        queue.end(Failure(.cancelled, "the paginator was cancelled"))
        loop.cancel(walk: walk)
    }
}
