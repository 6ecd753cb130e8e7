package import Engine

/// How one transfer ended. Every started transfer has exactly one.
package enum Outcome: Sendable {
    /// A whole response, whatever its status.
    case response(ResponseHead, Body)
    case failed(TransferFailure)
}

/// A transfer that has ended.
package struct FinishedTransfer: Sendable {
    package var id: UInt64
    package var outcome: Outcome
}

/// The head of a response whose body is on its way.
package struct ReceivedHead: Sendable {
    package var id: UInt64
    package var head: ResponseHead
}
