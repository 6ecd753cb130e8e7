internal import CLinux
internal import Engine
internal import Glibc

/// Holds what a stream's run writes against what its document expects.
///
/// `@unchecked Sendable`: the writer thread's.
final class DataChecks: @unchecked Sendable {
    private var expectations: Expectations
    private let services = SystemServices()

    init?(_ stream: Engine.Stream) {
        guard let plan = stream.expect else { return nil }
        expectations = Expectations(plan)
    }

    func look(_ record: UnsafeRawBufferPointer) { expectations.look(record, services: services) }

    /// What does not hold, now that the stream has come to its end.
    func findings(of run: StreamRun) -> [CheckNote] {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let received = run.records.addingReportingOverflow((run.duplicates ?? 0)).partialValue
        let all = received.addingReportingOverflow(run.filtered ?? 0).partialValue
            .addingReportingOverflow(run.earlier ?? 0).partialValue
            .addingReportingOverflow(run.unchanged ?? 0).partialValue
        return expectations.findings(
            received: all, earlier: run.earlier ?? 0, total: run.total, missing: run.missing ?? 0,
            now: WallTime(epochSeconds: Int64(time.tv_sec)))
    }

    /// The first one that makes the stream fail.
    static func failure(_ findings: [CheckNote]) -> Failure? {
        let failed = findings.filter(\.isFailed)
        guard let first = failed.first else { return nil }
        let more = failed.count > 1 ? " (and \(failed.count - 1) more)" : ""
        return Failure(.data, "expected of the data and not so: \(first.name): \(first.message)\(more)")
    }
}
