import Engine
import Testing

@testable import IO

extension Transport {
    /// A transport for tests: a name to send, and no more than that.
    static func plain(_ change: (inout TransportSettings) -> Void = { _ in }) throws -> Transport {
        var settings = TransportSettings(userAgent: "penstock-test")
        change(&settings)
        return try Transport(settings: settings)
    }

    /// Runs one transfer to its end.
    func run(_ request: TransferRequest) -> Outcome {
        start(request, id: 1)
        return finishAll(1)[1] ?? .failed(TransferFailure.missing)
    }

    /// Runs until that many transfers have finished, but no longer than the slowest test may take.
    func finishAll(_ count: Int) -> [UInt64: Outcome] {
        var outcomes: [UInt64: Outcome] = [:]
        let end = Clock.now() + .seconds(60)
        while outcomes.count < count, Clock.now() < end {
            poll(until: end)
            for transfer in takeFinished() { outcomes[transfer.id] = transfer.outcome }
        }
        return outcomes
    }

    func get(_ url: String, _ change: (inout TransferLimits) -> Void = { _ in }) -> Outcome {
        var limits = TransferLimits()
        change(&limits)
        return run(TransferRequest(method: "GET", url: url, limits: limits))
    }
}

extension TransferFailure {
    static let missing = TransferFailure(kind: .other, code: -1, detail: "no outcome", mayHaveReachedServer: false)
}

extension Outcome {
    var response: (head: ResponseHead, text: String)? {
        guard case .response(let head, let body) = self else { return nil }
        return (head, body.withBytes { String(decoding: $0, as: UTF8.self) })
    }
    var bytes: [UInt8]? {
        guard case .response(_, let body) = self else { return nil }
        return body.withBytes { Array($0) }
    }
    var failure: TransferFailure? {
        guard case .failed(let failure) = self else { return nil }
        return failure
    }
}
