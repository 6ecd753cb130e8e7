extension PageFacts {
    /// What else is known about the page, as JSON text. Without secrets: the URL is redacted.
    public var metadata: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("url", url.redacted())
            writer.member("method", method)
            writer.member("status", head.status)
            writer.member("request_id", head.requestID)
            writer.member("http_version", "\(head.httpVersion)")
            if !over.isEmpty {
                writer.over(over)
                writer.member("page", indexWithin)
            }
            writer.member("attempts", attempts)
            writer.member("redirects", redirects)
            writer.member("idempotency_key", idempotencyKey)
            writer.name("elapsed_ms")
            writer.decimal(thousandths: head.elapsed.nanoseconds / 1000)
            writer.name("first_byte_ms")
            writer.decimal(thousandths: head.firstByte.nanoseconds / 1000)
            writer.member("wire_bytes", head.wireBytes)
            writer.member("body_bytes", head.bodyBytes)
            writer.member("records", records.count)
            writer.member("filtered", filtered)
            writer.member("duplicates", duplicates)
            if withoutKey > 0 { writer.member("without_key", withoutKey) }
            writer.member("missing", missing)
            writer.name("limit")
            writer.object { limit in
                limit.member("remaining", limitRemaining)
                limit.member("reset_ms", limitReset?.milliseconds)
                writePolicies(to: &limit)
            }
            if !detected.isEmpty {
                writer.name("detected")
                writer.array { list in for reason in detected { list.string(reason) } }
            }
            finding?.write(to: &writer)
            writer.name("warnings")
            writer.array { list in for warning in warnings { list.string(warning) } }
        }
        return writer.text
    }

    /// Every limit that the response's headers state. Read only when somebody asks: pages don't pay for it.
    private func writePolicies(to writer: inout JSONWriter) {
        let now = WallTime(epochSeconds: head.receivedAtEpoch)
        let policies = RateLimitFeedback(status: head.status, headers: head.headers, now: now).policies
        if policies.isEmpty { return }
        writer.name("policies")
        writer.array { list in
            for policy in policies {
                list.object { object in
                    object.member("name", policy.name.isEmpty ? nil : Sanitized.text(policy.name, most: 80))
                    object.member("limit", policy.limit)
                    object.member("remaining", policy.remaining)
                    object.member("window_ms", policy.window?.milliseconds)
                    object.member("reset_ms", policy.resetAfter?.milliseconds)
                    object.member("unit", policy.unit)
                }
            }
        }
    }
}

extension Failure {
    /// All of it as JSON text; what does not apply is absent.
    public func json(statusName: String) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("status", statusName)
            writer.member("message", message)
            writer.member("http_status", httpStatus)
            writer.member("url", url)
            writer.member("request_id", requestID)
            writer.member("retry_after_ms", retryAfter?.milliseconds)
            if attempts > 0 { writer.member("attempts", attempts) }
            writer.member("idempotency_key", idempotencyKey)
            writer.member("stream", stream)
            writer.over(over)
            writer.member("page", page)
            writer.member("pointer", pointer)
            writer.member("body", body)
        }
        return writer.text
    }
}

extension JSONWriter {
    /// `"over": {"user_id": "42"}`; the values of a batch as a list.
    fileprivate mutating func over(_ bindings: [OverBinding]) {
        guard !bindings.isEmpty else { return }
        name("over")
        object { writer in
            for binding in bindings where binding.isKey {
                writer.name(binding.name)
                if binding.isBatch {
                    writer.array { list in for value in binding.values { list.string(value.text ?? value.json) } }
                } else {
                    writer.string(binding.text ?? "")
                }
            }
        }
    }
}
