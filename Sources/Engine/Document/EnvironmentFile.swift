/// A `.env` file: `NAME=value` a line, as Docker and most shells' tools read it. Nothing in it is executed or filled in.
struct EnvironmentFile: Sendable {
    private var values: [String: Secret] = [:]

    subscript(name: String) -> Secret? { values[name] }

    /// - Throws: `ReferenceError`, which names the line and nothing that stands there.
    init(_ bytes: [UInt8]) throws(ReferenceError) {
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw ReferenceError("line \(index + 1) is not UTF-8 text")
            }
            do throws(ReferenceError) {
                try read(ASCII.trimmed(text.utf8.last == 0x0D ? String(text.unicodeScalars.dropLast()) : text))
            } catch { throw ReferenceError("line \(index + 1) \(error.reason)") }
        }
    }

    private mutating func read(_ line: String) throws(ReferenceError) {
        if line.isEmpty || line.hasPrefix("#") { return }
        let statement = line.hasPrefix("export ") ? ASCII.trimmed(String(line.dropFirst(7))) : line
        guard let equals = statement.firstIndex(of: "=") else { throw ReferenceError("is not NAME=value") }
        let name = ASCII.trimmed(String(statement[..<equals]))
        guard TextForm.variable.problem(in: name) == nil else {
            throw ReferenceError("does not begin with a variable's name and \"=\"")
        }
        guard values[name] == nil else { throw ReferenceError("gives a variable a second time") }
        values[name] = Secret(try value(ASCII.trimmed(String(statement[statement.index(after: equals)...]))))
    }

    private func value(_ text: String) throws(ReferenceError) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            // A comment needs a space in front, since many secrets have a "#".
            var result = ""
            for character in text {
                if character == "#", result.last == " " || result.last == "\t" { break }
                result.append(character)
            }
            return ASCII.trimmed(result)
        }
        var result = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == quote {
                let behind = ASCII.trimmed(String(rest))
                guard behind.isEmpty || behind.hasPrefix("#") else {
                    throw ReferenceError("has text behind the closing quote")
                }
                return result
            }
            guard character == "\\", quote == "\"", let escaped = rest.popFirst() else {
                result.append(character)
                continue
            }
            switch escaped {
            case "n": result.append("\n")
            case "\"", "\\", "$": result.append(escaped)
            default: result += ["\\", escaped]
            }
        }
        throw ReferenceError("has a quote that is not closed")
    }
}

/// Variables of the process first, those of the file where there is none: what a person sets by hand counts.
struct ReferencesWithFile: References {
    let outer: any References
    let file: EnvironmentFile

    func environment(_ name: String) -> [UInt8]? {
        outer.environment(name) ?? file[name].map { Array($0.reveal().utf8) }
    }
    func file(_ path: String) throws(ReferenceError) -> [UInt8] { try outer.file(path) }
    func zone(_ name: String) throws(ReferenceError) -> [UInt8] { try outer.zone(name) }
    func document(_ path: String) throws(ReferenceError) -> JSONValue { try outer.document(path) }
    func decode(_ text: String) -> JSONValue? { outer.decode(text) }
    func problem(ofKey key: Secret, _ algorithm: SignatureAlgorithm) -> String? {
        outer.problem(ofKey: key, algorithm)
    }
}
