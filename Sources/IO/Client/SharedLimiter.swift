package import Engine

/// A limiter that several clients' threads use. When one of them changes it in a way that lets another go, that one's
/// loop is woken.
package final class SharedLimiter: Sendable {
    private struct State: Sendable {
        var limiter: Limiter?
        var waiting: [UInt64: @Sendable () -> Void] = [:]
        var last: UInt64 = 0
    }
    private let state: Lock<State>

    package init(_ plan: LimitPlan) {
        state = Lock(State(limiter: Limiter(plan)))
    }

    /// A name for one user, and how to wake it.
    func register(wake: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.last &+= 1
            state.waiting[state.last] = wake
            return state.last
        }
    }

    func unregister(_ id: UInt64) {
        state.withLock { state in _ = state.waiting.removeValue(forKey: id) }
    }

    /// Decide something with the limiter in hand. Others in the line are told when it may concern them.
    func use<R>(by id: UInt64, _ body: (inout Limiter?) -> R) -> R {
        let (result, others) = state.withLock { state -> (R, [@Sendable () -> Void]) in
            let before = state.limiter?.changes
            let result = body(&state.limiter)
            guard state.limiter?.changes != before, state.limiter?.isAwaited ?? false else { return (result, []) }
            return (result, state.waiting.filter { $0.key != id }.map(\.value))
        }
        for wake in others { wake() }
        return result
    }
}
