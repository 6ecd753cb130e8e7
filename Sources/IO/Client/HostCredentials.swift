package import Engine

/// The callbacks that a host has set, by name.
///
/// They run on the client's I/O thread, with no lock held: a host may set another meanwhile.
package final class HostCredentials: Sendable {
    /// What a callback is asked.
    package struct Question: Sendable {
        package let name: String
        /// Nil: a token is wanted.
        package let request: TransferRequest?
    }
    package struct Answer: Sendable {
        package var token: HostToken?
        package var fields: [(name: String, value: String)] = []
        package var failure: Failure?
        package init() {}
    }
    package typealias Callback = @Sendable (Question) -> Answer

    private let callbacks = Lock<[String: Callback]>([:])

    package init() {}

    package func set(_ name: String, _ callback: Callback?) {
        // What is replaced may run the host's own code when it goes: not under the lock.
        let replaced = callbacks.withLock { callbacks -> Callback? in
            defer { callbacks[name] = callback }
            return callbacks[name]
        }
        withExtendedLifetime(replaced) {}
    }

    func ask(_ name: String, _ request: TransferRequest?) throws(Failure) -> Answer {
        guard let callback = callbacks.withLock({ $0[name] }) else {
            throw Failure(.state, "it was not set (penstock_client_set_credential)")
        }
        let answer = callback(Question(name: name, request: request))
        if let failure = answer.failure { throw failure }
        return answer
    }
}
