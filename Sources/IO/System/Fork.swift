internal import Glibc
internal import Synchronization

/// Which process this is, counted over `fork`. A handle made by the parent is useless in the child: its thread is not
/// there, its locks may be held by nobody, its connections are the parent's. Every entry compares before any lock.
package enum Fork {
    private static let counter = Atomic<UInt64>(0)

    private static let registered: Bool = {
        pthread_atfork(nil, nil, { Fork.counter.add(1, ordering: .relaxed) }) == 0
    }()

    package static var generation: UInt64 {
        _ = registered
        return counter.load(ordering: .relaxed)
    }

    package static func isSame(_ generation: UInt64) -> Bool {
        counter.load(ordering: .relaxed) == generation
    }
}
