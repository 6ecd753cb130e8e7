internal import Glibc
internal import Synchronization

/// Files that a forked child must not keep open: its copy would keep the parent's locks when the parent is gone.
enum ForkedFiles {
    private static let places = 64
    private nonisolated(unsafe) static var table: UnsafeMutablePointer<Atomic<Int32>>?
    private static let lock = Lock(false)

    static func add(_ descriptor: Int32) {
        lock.withLock { isRegistered in
            if !isRegistered {
                let new = UnsafeMutablePointer<Atomic<Int32>>.allocate(capacity: places)
                for place in 0..<places { (new + place).initialize(to: Atomic(-1)) }
                table = new
                pthread_atfork(nil, nil, { ForkedFiles.closeAll() })
                isRegistered = true
            }
            for place in 0..<places where table?[place].load(ordering: .relaxed) == -1 {
                table?[place].store(descriptor, ordering: .relaxed)
                return
            }
        }
    }

    static func remove(_ descriptor: Int32) {
        lock.withLock { _ in
            for place in 0..<places where table?[place].load(ordering: .relaxed) == descriptor {
                table?[place].store(-1, ordering: .relaxed)
            }
        }
    }

    /// In the child.
    private static func closeAll() {
        for place in 0..<places {
            guard let descriptor = table?[place].exchange(-1, ordering: .relaxed), descriptor >= 0 else { continue }
            close(descriptor)
        }
    }
}
