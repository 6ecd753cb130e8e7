/// A value of a document and where it stands. Documents are checked before they are read, so looking at a place does
/// not fail; what a shape cannot say is refused with `failure`.
struct DocumentPlace {
    let value: JSONValue
    let pointer: JSONPointer
    /// Where the document comes from, when it was not handed in itself.
    var file: String?

    init(_ value: JSONValue, at pointer: JSONPointer = JSONPointer(), file: String? = nil) {
        self.value = value
        self.pointer = pointer
        self.file = file
    }

    subscript(name: String) -> DocumentPlace? {
        value[name].map { DocumentPlace($0, at: pointer.appending(name), file: file) }
    }

    /// The members of an object in the order of the document.
    var members: [(name: String, place: DocumentPlace)] {
        (value.members ?? []).map { ($0.name, DocumentPlace($0.value, at: pointer.appending($0.name), file: file)) }
    }

    /// The elements of a list, or this itself where one stands for a list of one.
    var elements: [DocumentPlace] {
        guard let elements = value.array else { return [self] }
        return elements.enumerated().map { DocumentPlace($1, at: pointer.appending($0), file: file) }
    }

    func check(_ shape: Shape) throws(Failure) {
        if let problem = shape.problem(in: value, at: pointer) { throw failure(problem.message, at: problem.pointer) }
    }

    func failure(_ message: String, code: Failure.Code = .config, at pointer: JSONPointer? = nil) -> Failure {
        let pointer = pointer ?? self.pointer
        let source = file.map { "in \(MessageText.quoted($0)), " } ?? ""
        return Failure(code, "\(source)at \(pointer.described): \(message)", pointer: pointer.text)
    }
}
