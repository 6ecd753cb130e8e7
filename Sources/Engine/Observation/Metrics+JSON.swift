/// The figures of one or more clients, in three forms.
public enum Metrics {
    public enum Format: String, Sendable, CaseIterable {
        case json, prometheus, openmetrics
    }

    public static func text(_ format: Format, _ snapshots: [Snapshot]) -> String {
        switch format {
        case .json: json(snapshots)
        case .prometheus: exposition(snapshots, isOpen: false)
        case .openmetrics: exposition(snapshots, isOpen: true)
        }
    }

    private static func json(_ snapshots: [Snapshot]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", 1)
            writer.name("streams")
            writer.array { list in
                for snapshot in snapshots {
                    for tally in snapshot.tallies { list.object { $0.tally(tally, snapshot) } }
                }
            }
            writer.name("waiting")
            writer.array { list in
                for snapshot in snapshots {
                    for waiting in snapshot.waiting { list.object { $0.waiting(waiting, snapshot) } }
                }
            }
            writer.name("breakers")
            writer.array { list in
                for snapshot in snapshots {
                    for breaker in snapshot.breakers {
                        list.object { one in
                            one.member("source", snapshot.source)
                            one.member("origin", breaker.origin)
                            one.member("stream", breaker.stream.isEmpty ? nil : breaker.stream)
                            one.member("state", breaker.state)
                        }
                    }
                }
            }
            writer.member("breakers_opened", snapshots.reduce(0) { $0 + $1.breakersOpened })
            writer.member("tokens_renewed", snapshots.reduce(0) { $0 + $1.tokensRenewed })
            writer.member("tokens_failed", snapshots.reduce(0) { $0 + $1.tokensFailed })
            writer.member("in_flight", snapshots.reduce(0) { $0 + $1.inFlight })
            writer.member("events_dropped", snapshots.reduce(0) { $0 + $1.dropped })
        }
        return writer.text
    }
}

extension JSONWriter {
    fileprivate mutating func tally(_ tally: Tally, _ snapshot: Snapshot) {
        member("source", snapshot.source)
        name("stream")
        if tally.name.isEmpty { null() } else { string(tally.name) }
        member("requests", tally.requests)
        counts("statuses", tally.statuses.sorted { $0.label < $1.label }.map { ("\($0.label)", $0.count) })
        counts("failures", tally.failures.map { ($0.label, $0.count) })
        name("error_rate")
        decimal(thousandths: tally.answers == 0 ? 0 : tally.errors.multipliedSaturating(by: 1000) / tally.answers)
        name("latency_ms")
        latency(tally.latency)
        name("latency_ms_by_status")
        object { all in
            for each in tally.latencies.sorted(by: { $0.status < $1.status }) {
                all.name(each.status == 0 ? "none" : "\(each.status)")
                all.latency(each.times)
            }
        }
        member("limit_hits", tally.throttled)
        counts("retries", tally.retries.map { ($0.label.rawValue, $0.count) })
        counts("connections", [("opened", tally.opened), ("reused", tally.reused)])
        counts("bytes", [("wire", tally.wireBytes), ("decoded", tally.decodedBytes)])
        member("pages", tally.pages)
        member("records", tally.records)
        member("duplicates", tally.duplicates)
        member("filtered", tally.filtered)
        member("missing", tally.missing)
        member("total", tally.total)
        if let total = tally.total, total > 0 {
            name("complete")
            decimal(thousandths: tally.received.multipliedSaturating(by: 1000) / total)
        }
        if let highest = tally.highest {
            member("cursor", highest.shown)
            member("cursor_lag_ms", snapshot.wall.lag(behind: highest).milliseconds)
        }
        member("committed", tally.committed)
        counts("runs", [("started", tally.started), ("finished", tally.finished), ("failed", tally.failed)])
        if !tally.checks.isEmpty { counts("checks", tally.checks.map { ($0.label, $0.count) }) }
        member("checks_failed", tally.failedChecks)
        if !tally.drifts.isEmpty { counts("schema_drift", tally.drifts.map { ($0.label.rawValue, $0.count) }) }
        name("time_ms")
        milliseconds(tally.elapsed)
        name("spent")
        array { list in
            for item in tally.spent {
                list.object { one in
                    one.member("on", item.label.name)
                    one.member("limit", snapshot.label(item.label))
                    one.member("times", item.count)
                    one.name("ms")
                    one.milliseconds(item.time)
                }
            }
        }
    }

    private mutating func latency(_ times: Histogram) {
        object { one in
            one.member("count", times.count)
            for (name, span) in [
                ("average", times.average), ("p50", times.quantile(thousandths: 500)),
                ("p95", times.quantile(thousandths: 950)), ("p99", times.quantile(thousandths: 990)),
                ("max", times.most),
            ] {
                one.name(name)
                one.milliseconds(span)
            }
        }
    }

    fileprivate mutating func waiting(_ waiting: Snapshot.Waiting, _ snapshot: Snapshot) {
        member("source", snapshot.source)
        name("stream")
        if waiting.stream.isEmpty { null() } else { string(waiting.stream) }
        member("for", waiting.cause.name)
        member("limit", snapshot.label(waiting.cause))
        member("since_ms", waiting.since.milliseconds)
        member("left_ms", waiting.left?.milliseconds)
        if let left = waiting.left { member("until", snapshot.wall.text(snapshot.wall.instant + left)) }
    }

    fileprivate mutating func counts(_ name: String, _ items: [(String, Int64)]) {
        self.name(name)
        object { one in for (label, count) in items { one.member(label, count) } }
    }

    mutating func milliseconds(_ span: Timespan) { decimal(thousandths: span.nanoseconds / 1000) }
}
