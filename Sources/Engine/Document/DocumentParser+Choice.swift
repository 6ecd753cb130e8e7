// Credentials by a parameter, and the hosts that a document may name.

extension DocumentParser {
    /// The credentials that hold: of alternatives the one that the parameter names.
    mutating func chosen(_ place: DocumentPlace?) throws(Failure) -> [DocumentPlace] {
        var found: [DocumentPlace] = []
        for element in place?.elements ?? [] {
            guard element["type"]?.value.string == "choice" else {
                found.append(element)
                continue
            }
            let alternatives = element["of"]?.members ?? []
            let name = try parameter(
                element["param"]?.value.string ?? "", standIn: element["default"]?.value.string, at: element)
            guard let one = alternatives.first(where: { $0.name == name }) else {
                let known = alternatives.map(\.name)
                throw element.failure(
                    "parameter \(MessageText.quoted(element["param"]?.value.string ?? "")) is "
                        + "\(MessageText.quoted(name)), which is none of "
                        + known.map(MessageText.quoted).joined(separator: ", ") + NearestName.hint(name, in: known),
                    at: element.pointer.appending("of"))
            }
            // Parameters of the others may be given all the same.
            for other in alternatives where other.name != name { ask(other.place.value) }
            found += try chosen(one.place)
        }
        return found
    }

    /// The parameters that a part which is not read asks for.
    private mutating func ask(_ value: JSONValue) {
        if let text = value.string {
            for place in Placeholder.names(in: text).map(Placeholder.split) where place.root == "param" {
                noteAsked(place.rest)
            }
        }
        if let name = value["param"]?.string { noteAsked(name) }
        for member in value.members ?? [] { ask(member.value) }
        for element in value.array ?? [] { ask(element) }
    }
}

extension Source {
    /// Whoever made the list wants no other host to be talked to, whatever documents and parameters say. What links and
    /// redirects may lead to is one of these origins.
    func check(_ hosts: DocumentPlace?) throws(Failure) {
        guard let hosts else { return }
        let patterns = hosts.elements.compactMap { $0.value.string.map { Glob(ASCII.lowercased($0)) } }
        func check(_ origin: Origin, _ what: String) throws(Failure) {
            if patterns.contains(where: { $0.matches(origin.host) }) { return }
            throw hosts.failure("\(what) is on \(origin), which is not on the list")
        }
        try check(baseURL.origin, "the base URL")
        for origin in otherOrigins { try check(origin, "one of other_origins") }
        for plan in tokens {
            for call in [plan.first, plan.renewal].compactMap(\.self) {
                try check(call.url.origin, "the token request of \(plan.pointer)")
            }
        }
    }
}
