/// Names that the requests of the stream at hand may use, and the streams above it.
struct OverScope {
    struct Name {
        var isBatch = false
        var isRepeated = false
    }
    var names: [String: Name] = [:]
    var used: Set<String> = []
    /// The streams that are being read, each the parent of the one before.
    var path: [String] = []
}

extension DocumentParser {
    /// More walks open at once than this is no plan but a mistake.
    private static let mostWalksAbove = 100

    mutating func over(_ place: DocumentPlace?, in source: Source) throws(Failure) -> OverPlan? {
        guard let place else { return nil }
        let product = place["product"] ?? place
        var plan = OverPlan([])
        var names: [String: OverScope.Name] = [:]
        for element in product.elements {
            let dimension = try dimension(element, in: source)
            for name in dimension.names {
                guard names[name] == nil else {
                    throw (element["as"] ?? element).failure("the name \"\(name)\" has two values")
                }
                names[name] = OverScope.Name(
                    isBatch: dimension.batch > 1, isRepeated: dimension.separator == nil)
            }
            plan.dimensions.append(dimension)
        }
        if let most = place["at_once"]?.value.int { plan.atOnce = most }
        if place["order"]?.value.string == "any" { plan.order = .any }
        plan.skipsFailures = place["on_error"]?.value.string == "skip"
        var above = Stream(name: "", request: RequestPlan())
        above.over = plan
        guard above.walksAbove <= Self.mostWalksAbove else {
            throw place.failure("more than \(Self.mostWalksAbove) parents above one stream")
        }
        overScope.names = names
        return plan
    }

    private mutating func dimension(
        _ place: DocumentPlace, in source: Source
    ) throws(Failure) -> OverPlan.Dimension {
        let name = place["as"]?.value.string ?? ""
        var dimension = OverPlan.Dimension(name: name, origin: .items([]))
        if let items = place["items"] {
            dimension.origin = try origin(items, orElse: place["else"], in: source)
        } else if let parents = place["streams"]?.elements, let first = parents.first {
            dimension.origin = try parent(first, in: source)
            for other in parents.dropFirst() {
                guard case .stream(let stream, let key) = try parent(other, in: source) else { continue }
                dimension.further.append(.init(stream: stream, key: key))
            }
        } else {
            dimension.origin = try parent(place, in: source)
        }
        for (name, path) in place["carry"]?.members ?? [] {
            let text = path.value.string ?? path["path"]?.value.string ?? ""
            guard let read = try? JSONPath(text) else { continue }
            var piece: OverPlan.Dimension.Piece?
            if let separator = path["split"]?.value.string {
                piece = .init(separator: separator, index: path["take"]?.value.int ?? Vocabulary.defaultPiece)
            }
            dimension.carried.append(.init(name: name, path: read, piece: piece))
        }
        dimension.batch = place["batch"]?.value.int ?? dimension.batch
        dimension.separator = place["separator"]?.value.string ?? dimension.separator
        if place["repeat"]?.value.bool == true { dimension.separator = nil }
        return dimension
    }

    private mutating func origin(
        _ items: DocumentPlace, orElse standIn: DocumentPlace?, in source: Source
    ) throws(Failure) -> OverPlan.Dimension.Origin {
        guard let name = items["param"]?.value.string else {
            if let standIn { throw standIn.failure("the list is always there; \"else\" is for a parameter") }
            return .items(items.elements.compactMap { OverValue($0.value) })
        }
        if let values = list(name, isNeeded: standIn == nil) { return .items(values) }
        if let standIn { return try parent(standIn, in: source) }
        guard missingParameters != nil else {
            throw items.failure("parameter \"\(name)\" is not given")
        }
        return .items([])
    }

    private mutating func parent(
        _ place: DocumentPlace, in source: Source
    ) throws(Failure) -> OverPlan.Dimension.Origin {
        guard let wanted = place["stream"], let name = wanted.value.string, let key = place["key"] else {
            throw place.failure("missing key \"stream\"")
        }
        guard let path = try? JSONPath(key.value.string ?? "") else { throw key.failure("expected a path") }
        guard let definition = context.definitions.first(where: { $0.name == name })?.value else {
            let hint = NearestName.hint(name, in: context.definitions.map(\.name))
            throw wanted.failure("the source has no stream \(MessageText.quoted(name))\(hint)")
        }
        guard !overScope.path.contains(name) else {
            let circle = (overScope.path + [name]).map { "\"\($0)\"" }.joined(separator: ", ")
            throw wanted.failure("a stream is its own parent: \(circle)")
        }
        let pointer = JSONPointer().appending("streams").appending(name)
        return .stream(
            try stream(DocumentPlace(definition, at: pointer, file: place.file), name: name, in: source), key: path)
    }

    // MARK: the names in a request

    /// The value of that name is a part of the request. It has to be there.
    mutating func overName(_ name: String, at place: DocumentPlace) throws(Failure) -> OverScope.Name {
        guard let known = overScope.names[name] else {
            let names = overScope.names.keys.sorted()
            if names.isEmpty { throw place.failure("nothing here is walked over anything (\"over\" of a stream)") }
            throw place.failure(
                "\"over\" gives no value \(MessageText.quoted(name))" + NearestName.hint(name, in: names))
        }
        overScope.used.insert(name)
        return known
    }

    /// The same, where all values of a batch stand in one text.
    mutating func overText(_ name: String, at place: DocumentPlace) throws(Failure) {
        if try overName(name, at: place).isRepeated {
            throw place.failure("\"\(name)\" is repeated, which only query parameters and form fields can be")
        }
    }

    /// A walk whose requests do not tell what they are made for would fetch the same again and again.
    func checkOver(_ plan: OverPlan, _ slots: [Slot], _ place: DocumentPlace) throws(Failure) {
        let product = place["product"] ?? place
        for (dimension, element) in zip(plan.dimensions, product.elements) {
            let name = element["as"] ?? element
            if slots.contains(.path(dimension.name)) {
                throw name.failure("the pagination has the placeholder {\(dimension.name)}")
            }
            let own = [dimension.name] + dimension.carried.map(\.name)
            guard own.contains(where: overScope.used.contains) else {
                throw name.failure(
                    "no request has {\(dimension.name)} or {\"over\": \"\(dimension.name)\"}: all walks would be the same"
                )
            }
        }
    }
}
