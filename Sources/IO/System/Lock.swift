internal import Glibc

/// State behind a lock. Not `Synchronization.Mutex`: that one keeps the thread's number, which a fork makes wrong, and
/// the child of a process that uses this library may use it too.
///
/// `@unchecked Sendable`: the state is only touched with the lock held.
final class Lock<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// Not a property of this object: who has the lock need not be asked at run time whether somebody else is at it.
    private let state: UnsafeMutablePointer<State>

    init(_ state: State) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        self.state = .allocate(capacity: 1)
        self.state.initialize(to: state)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    func withLock<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state.pointee)
    }
}
