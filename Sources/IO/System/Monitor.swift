internal import CLinux
internal import Engine
internal import Glibc

/// State behind a lock that threads can wait on. (`Synchronization.Mutex` has no condition.)
///
/// `@unchecked Sendable`: the state is only touched with the lock held.
final class Monitor<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    init(_ state: State) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // A wait must not stretch or shrink when somebody sets the wall clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
        self.state = state
    }

    deinit {
        // After fork a condition may still count waiters of the parent, and destroying it would wait for them.
        if Fork.isSame(generation) {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
        }
        condition.deallocate()
        mutex.deallocate()
    }

    private let generation = Fork.generation

    func withLock<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Changes the state and wakes everybody who waits.
    func update<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        defer { pthread_cond_broadcast(condition) }
        return body(&state)
    }

    /// Waits until somebody changes the state or that instant has come (nil: never), once.
    func wait(until instant: Instant?, unless body: (State) -> Bool) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if body(state) { return }
        guard let instant else {
            pthread_cond_wait(condition, mutex)
            return
        }
        // The condition's clock stands still while the machine sleeps; boot time does not. So no wait is longer than a
        // minute, and who wakes early waits again.
        let nanoseconds = min((instant - Clock.now()).nanoseconds, 60_000_000_000)
        guard nanoseconds > 0 else { return }
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let total = Int64(deadline.tv_nsec) &+ nanoseconds
        deadline.tv_sec += Int(total / 1_000_000_000)
        deadline.tv_nsec = Int(total % 1_000_000_000)
        pthread_cond_timedwait(condition, mutex, &deadline)
    }

    /// Asks `body` until it answers, at most `milliseconds` long (below 0: as long as it takes). Nil when the time is
    /// up.
    func wait<R>(milliseconds: Int64, _ body: (inout State) -> R?) -> R? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let answer = body(&state) { return answer }
        if milliseconds == 0 { return nil }
        var deadline = timespec()
        if milliseconds > 0 {
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let most = min(milliseconds, 1_000_000_000)
            deadline.tv_sec += Int(most / 1000)
            deadline.tv_nsec += Int(most % 1000) * 1_000_000
            if deadline.tv_nsec >= 1_000_000_000 {
                deadline.tv_sec += 1
                deadline.tv_nsec -= 1_000_000_000
            }
        }
        while true {
            let result =
                milliseconds < 0
                ? pthread_cond_wait(condition, mutex) : pthread_cond_timedwait(condition, mutex, &deadline)
            if let answer = body(&state) { return answer }
            if result == ETIMEDOUT { return nil }
        }
    }
}
