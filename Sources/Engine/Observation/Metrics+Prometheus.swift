/// Prometheus's text format 0.0.4, and OpenMetrics 1.0: the same but for the name of a counter's family, the unit and
/// the end.
extension Metrics {
    static func exposition(_ snapshots: [Snapshot], isOpen: Bool) -> String {
        var text = Exposition(isOpen: isOpen)
        for snapshot in snapshots { add(snapshot, to: &text) }
        return text.text
    }

    private static func add(_ snapshot: Snapshot, to text: inout Exposition) {
        let source = snapshot.source.map { [("source", $0)] } ?? []
        for tally in snapshot.tallies {
            let labels = source + [("stream", tally.name)]
            for item in tally.statuses {
                text.counter(
                    "requests", "Requests that were answered, by HTTP status.", labels + [("status", "\(item.label)")],
                    item.count)
            }
            for item in tally.failures {
                text.counter(
                    "request_failures", "Requests without an answer, by cause.", labels + [("cause", item.label)],
                    item.count)
            }
            text.counter(
                "requests_sent", "Requests as the server counts them, repetitions too.", labels, tally.requests)
            for each in tally.latencies {
                text.histogram(
                    "request_duration_seconds", "From the request to the whole answer.",
                    labels + [("status", each.status == 0 ? "none" : "\(each.status)")], each.times)
            }
            text.counter("limit_hits", "Answers that refused because of a limit.", labels, tally.throttled)
            for item in tally.retries {
                text.counter("retries", "Repetitions, by cause.", labels + [("cause", item.label.rawValue)], item.count)
            }
            for (state, count) in [("opened", tally.opened), ("reused", tally.reused)] {
                text.counter("connections", "Requests by their connection.", labels + [("state", state)], count)
            }
            for (form, count) in [("wire", tally.wireBytes), ("decoded", tally.decodedBytes)] {
                text.counter("received_bytes", "Bytes of bodies.", labels + [("form", form)], count)
            }
            text.counter("pages", "Pages handed over.", labels, tally.pages)
            text.counter("records", "Records handed over.", labels, tally.records)
            text.counter("duplicates", "Records left out since their key came before.", labels, tally.duplicates)
            text.counter("filtered", "Records left out by a filter.", labels, tally.filtered)
            text.counter("missing", "Records fewer than the server said there were.", labels, tally.missing)
            text.counter("committed", "Records that are durable.", labels, tally.committed)
            if let total = tally.total {
                text.gauge("records_expected", "Records that the server says there are.", labels, Double(total))
                if total > 0 {
                    text.gauge(
                        "complete_ratio", "Received of what there is.", labels, Double(tally.received) / Double(total))
                }
            }
            if let highest = tally.highest {
                text.gauge(
                    "cursor_timestamp_seconds", "The latest time of an incremental stream's records.", labels,
                    Double(highest.seconds) + Double(highest.nanoseconds) / 1e9)
                text.gauge(
                    "cursor_lag_seconds", "How long ago that was.", labels,
                    snapshot.wall.lag(behind: highest).seconds)
            }
            for (result, count) in [("started", tally.started), ("finished", tally.finished), ("failed", tally.failed)]
            {
                text.counter("walks", "Walks of the stream.", labels + [("result", result)], count)
            }
            text.counter("checks_failed", "Expectations of the data that do not hold.", labels, tally.failedChecks)
            for item in tally.drifts {
                text.counter(
                    "schema_drift", "What is not as it was in the schema of the run before.",
                    labels + [("change", item.label.rawValue)], item.count)
            }
            for item in tally.spent {
                text.counter(
                    "spent_seconds", "Where the time of the stream's walks went.",
                    labels + [("on", item.label.name), ("limit", snapshot.label(item.label) ?? "")], item.time.seconds)
            }
        }
        for waiting in snapshot.waiting {
            let labels =
                source + [
                    ("stream", waiting.stream), ("for", waiting.cause.name),
                    ("limit", snapshot.label(waiting.cause) ?? ""),
                ]
            text.gauge(
                "waiting_seconds", "Since when a walk waits for that.", labels, waiting.since.seconds, adds: true)
            if let left = waiting.left {
                text.gauge("waiting_left_seconds", "How long it is going to.", labels, left.seconds, adds: true)
            }
        }
        for breaker in snapshot.breakers {
            let labels = source + [("origin", breaker.origin), ("stream", breaker.stream)]
            let state: Double =
                breaker.state == "open" || breaker.state == "forced_open" ? 2 : breaker.state == "half_open" ? 1 : 0
            text.gauge("breaker_state", "0 closed, 1 half-open, 2 open.", labels, state, adds: true)
        }
        text.counter("breakers_opened", "How often a circuit breaker opened.", source, snapshot.breakersOpened)
        for (result, count) in [("renewed", snapshot.tokensRenewed), ("failed", snapshot.tokensFailed)] {
            text.counter("tokens", "Tokens asked for.", source + [("result", result)], count)
        }
        text.gauge("requests_in_flight", "Requests under way.", source, Double(snapshot.inFlight), adds: true)
        text.counter("events_dropped", "Events that nobody took in time.", source, snapshot.dropped)
    }
}

extension Timespan {
    fileprivate var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// Families in the order of their coming, each with its samples together, as both formats demand.
private struct Exposition {
    private struct Family {
        let name: String
        let type: String
        let help: String
        /// By the text of their labels: no two of one family are alike.
        var samples: [(labels: String, value: Double)] = []
    }

    let isOpen: Bool
    private var families: [Family] = []

    init(isOpen: Bool) { self.isOpen = isOpen }

    mutating func counter(_ name: String, _ help: String, _ labels: [(String, String)], _ value: Int64) {
        counter(name, help, labels, Double(value))
    }

    /// Two clients may have sources and streams of the same names: they are counted together.
    mutating func counter(_ name: String, _ help: String, _ labels: [(String, String)], _ value: Double) {
        add(name, "counter", help, labels, value, adds: true)
    }

    mutating func gauge(
        _ name: String, _ help: String, _ labels: [(String, String)], _ value: Double, adds: Bool = false
    ) {
        add(name, "gauge", help, labels, value, adds: adds)
    }

    /// 1 ms to 67 s, each twice the one before.
    private static let powers = 10...26

    mutating func histogram(_ name: String, _ help: String, _ labels: [(String, String)], _ histogram: Histogram) {
        let index = family(name, "histogram", help)
        for power in Self.powers {
            let end = Double(Int64(1) << Int64(power)) / 1e6
            add(index, "_bucket" + Self.text(labels + [("le", end.description)]), Double(histogram.below(power: power)))
        }
        add(index, "_bucket" + Self.text(labels + [("le", "+Inf")]), Double(histogram.count))
        add(index, "_sum" + Self.text(labels), Double(histogram.sum.nanoseconds) / 1e9)
        add(index, "_count" + Self.text(labels), Double(histogram.count))
    }

    var text: String {
        var text = ""
        for family in families {
            let full = "penstock_" + family.name
            let isCounter = family.type == "counter"
            let title = isCounter && !isOpen ? full + "_total" : full
            text += "# HELP \(title) \(family.help)\n# TYPE \(title) \(family.type)\n"
            if isOpen, full.hasSuffix("_seconds") || full.hasSuffix("_bytes") {
                text += "# UNIT \(title) \(full.hasSuffix("_seconds") ? "seconds" : "bytes")\n"
            }
            for sample in family.samples {
                text += full + (isCounter ? "_total" : "") + sample.labels + " " + Self.number(sample.value) + "\n"
            }
        }
        return isOpen ? text + "# EOF\n" : text
    }

    private mutating func add(
        _ name: String, _ type: String, _ help: String, _ labels: [(String, String)], _ value: Double, adds: Bool
    ) {
        let index = family(name, type, help)
        let text = Self.text(labels)
        if adds { return add(index, text, value) }
        if let known = families[index].samples.firstIndex(where: { $0.labels == text }) {
            families[index].samples[known].value = value
        } else {
            families[index].samples.append((text, value))
        }
    }

    private mutating func add(_ index: Int, _ labels: String, _ value: Double) {
        if let known = families[index].samples.firstIndex(where: { $0.labels == labels }) {
            families[index].samples[known].value += value
        } else {
            families[index].samples.append((labels, value))
        }
    }

    private mutating func family(_ name: String, _ type: String, _ help: String) -> Int {
        if let known = families.firstIndex(where: { $0.name == name }) { return known }
        families.append(Family(name: name, type: type, help: help))
        return families.count - 1
    }

    private static func number(_ value: Double) -> String {
        let whole = value.rounded()
        return whole == value && abs(value) < 1e15 ? "\(Int64(whole))" : value.description
    }

    private static func text(_ labels: [(String, String)]) -> String {
        if labels.isEmpty { return "" }
        return "{" + labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        Sanitized.text(value, most: 200).reduce(into: "") { text, character in
            if character == "\\" || character == "\"" { text.append("\\") }
            text.append(character)
        }
    }
}
