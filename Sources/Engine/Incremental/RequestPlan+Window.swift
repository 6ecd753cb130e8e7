extension Window {
    /// Under which its bounds are found by the texts of a request, and by its path.
    var values: [OverBinding] {
        var whole = OverBinding(name: "window", values: [], isKey: false)
        whole.window = self
        var bindings = [whole]
        for (side, bound) in [(IncrementalPlan.Side.start, plan.from), (.end, plan.to)] {
            guard let text = text(side)?.shown else { continue }
            let value = OverValue(json: "\"\"", text: text)
            bindings.append(OverBinding(name: "window.\(side.rawValue)", values: [value], isKey: false))
            if case .path(let name)? = bound.slot {
                bindings.append(OverBinding(name: name, values: [value], isKey: false))
            }
        }
        return bindings
    }
}

extension RequestPlan {
    /// The bounds of a window, each where it belongs.
    mutating func put(_ window: Window) {
        for (side, bound) in [(IncrementalPlan.Side.start, window.plan.from), (.end, window.plan.to)] {
            guard let slot = bound.slot, let token = window.text(side) else { continue }
            let text = token.shown
            switch slot {
            case .query(let name):
                query.removeAll { $0.name == name }
                query.append(NamedText(name: name, value: .plain(text)))
            case .header(let name):
                headers.removeAll { ASCII.equalsIgnoringCase($0.name, name) }
                headers.append(NamedText(name: name, value: .plain(text)))
            case .form(let name):
                var fields: [NamedText] = []
                if case .form(let given)? = body { fields = given.filter { $0.name != name } }
                body = .form(fields + [NamedText(name: name, value: .plain(text))])
            case .json(let place):
                var value = JSONValue.string(text)
                if case .number = token { value = JSONValue(number: text) ?? value }
                jsonFields.removeAll { $0.place == place }
                jsonFields.append(JSONField(place: place, value: .fixed(value)))
            // In place already, or wherever the texts say so.
            case .path, .placeholder, .url: break
            }
        }
    }
}
