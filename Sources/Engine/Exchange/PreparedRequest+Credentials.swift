extension PreparedRequest {
    /// Whether it goes where the source's credentials belong.
    func isAtHome(of source: Source) -> Bool { !hasStrayed && url.origin == source.baseURL.origin }

    /// What goes on the wire. Credentials and configured headers go to the base URL's origin only; any other origin
    /// gets the request as a stranger would send it.
    func signed(for source: Source) -> TransferRequest {
        var url = url
        var body = body
        var sent: [(name: String, value: String)] = []
        if isAtHome(of: source) {
            sent = headers.map { (name: $0.name, value: $0.value.reveal()) }
            for item in secretQuery { url.setQuery(item.name, item.secret.reveal()) }
            var form = bodyForm
            for credential in source.auth.credentials where !credential.isSignature {
                var value = credential.prefix + credential.secret.reveal()
                if let index = credential.token {
                    guard tokens.indices.contains(index) else { continue }
                    value = tokens[index].prefix + tokens[index].secret.reveal()
                }
                switch credential.slot {
                case .header(let name):
                    sent.removeAll { ASCII.lowercased($0.name) == ASCII.lowercased(name) }
                    sent.append((name: name, value: value))
                case .query(let name): url.setQuery(name, value)
                default: put(value, into: credential.slot, &form, body: &body, headers: &sent)
                }
            }
        } else {
            url = url.without(secretQuery, of: source, tokens)
            sent = headers.filter {
                !$0.value.isSecret && ["accept", "content-type"].contains(ASCII.lowercased($0.name))
            }
            .map { (name: $0.name, value: $0.value.reveal()) }
        }
        if !sent.contains(where: { ASCII.lowercased($0.name) == "accept" }) {
            sent.append((name: "Accept", value: "application/json"))
        }
        var request = TransferRequest(
            method: method, url: url.withoutFragment, headers: sent, body: body, limits: limits,
            freshConnection: !idempotent || avoidsReuse)
        request.reportsHead = reportsHead
        return request
    }

    /// A body that is gone after a redirect does not come back for that.
    private func put(
        _ value: String, into slot: Slot, _ form: inout BodyForm?, body: inout [UInt8]?,
        headers: inout [(name: String, value: String)]
    ) {
        guard body != nil || Self.hasUsualBody(method) else { return }
        let type: String
        switch slot {
        case .form(let name):
            let pair = PercentEncoding.formField(name) + "=" + PercentEncoding.formField(value)
            let before = body ?? []
            body = before + (before.isEmpty ? [] : [UInt8(ascii: "&")]) + Array(pair.utf8)
            type = "application/x-www-form-urlencoded"
        case .json(let path):
            var json = JSONValue.object([])
            if case .json(let value)? = form { json = value }
            json.set(.string(value), at: path[...])
            form = .json(json)
            var writer = JSONWriter()
            writer.value(json)
            body = writer.bytes
            type = "application/json"
        default: return
        }
        if !headers.contains(where: { ASCII.lowercased($0.name) == "content-type" }) {
            headers.append((name: "Content-Type", value: type))
        }
    }
}
