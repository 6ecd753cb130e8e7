extension Source.Auth {
    var credentials: [Source.Credential] { if case .fixed(let credentials) = self { credentials } else { [] } }

    var queryNames: [String] {
        credentials.compactMap { if case .query(let name) = $0.slot { name } else { nil } }
    }

    /// Whether a credential goes there.
    func takes(_ slot: Slot) -> Bool { credentials.contains { $0.slot.overlaps(slot) } }

    /// Why a request can't carry the credentials; nil when it can.
    func misfit(_ plan: RequestPlan) -> String? {
        for credential in credentials {
            let place = DocumentParser.described(credential.slot)
            switch (credential.slot, plan.body) {
            case (.form(let name), .form(let fields)?):
                if fields.contains(where: { $0.name == name }) {
                    return "the \(place) carries the source's credentials"
                }
            case (.form, nil) where plan.jsonFields.isEmpty && plan.hasUsualBody: break
            case (.form, _): return "the source's credentials go into the \(place), and the request has no form body"
            case (.json(let names), .json(let value)?):
                if value.isTaken(names[...]) { return "the \(place) carries the source's credentials" }
            case (.json(let names), .template(let template)?):
                if template.skeleton.isTaken(names[...]) { return "the \(place) carries the source's credentials" }
            case (.json, nil) where !plan.jsonFields.isEmpty || plan.hasUsualBody: break
            case (.json, _): return "the source's credentials go into the \(place), and the request has no JSON body"
            default: break
            }
        }
        return nil
    }
}

extension RequestPlan {
    /// POST, PUT and PATCH have a body, if only an empty one.
    var hasUsualBody: Bool { PreparedRequest.hasUsualBody(method) }
}

extension Slot {
    func overlaps(_ other: Slot) -> Bool {
        switch (self, other) {
        case (.placeholder, .placeholder): false
        case (.header(let one), .header(let other)): ASCII.equalsIgnoringCase(one, other)
        // One inside the other would replace it.
        case (.json(let one), .json(let other)): one.starts(with: other) || other.starts(with: one)
        default: self == other
        }
    }

    func needsOtherBody(than other: Slot) -> Bool {
        switch (self, other) {
        case (.json, .form), (.form, .json): true
        default: false
        }
    }
}

extension JSONValue {
    /// Whether something stands at that place already, or above it something that is no object.
    fileprivate func isTaken(_ path: ArraySlice<String>) -> Bool {
        guard let name = path.first else { return true }
        guard members != nil else { return true }
        return self[name]?.isTaken(path.dropFirst()) ?? false
    }
}
