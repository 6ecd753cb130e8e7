/// Reads checked documents into plans. Split by part over `DocumentParser+…`; this file has what all of them use: texts
/// and what texts refer to.
struct DocumentParser {
    var context = SourceContext()
    let references: any References
    /// Parameters that the document asks for, given or not.
    private(set) var askedParameters: Set<String> = []
    /// Parameters that were asked for and are missing, where that is no error yet; nil where it is one.
    var missingParameters: [String]?
    /// Texts of documents have places. Those of a host's own calls are data, which may hold anything, and stay as they are.
    var readsPlaces = true
    private var allowsLines = false
    /// Whose texts are being read.
    var scope = PlaceholderScope.fixed
    var overScope = OverScope()

    init(references: any References, context: SourceContext = SourceContext()) {
        self.references = references
        self.context = context
    }

    // MARK: texts

    /// A literal, parameter or reference. Line breaks and other control characters are refused wherever they come from.
    mutating func text(_ place: DocumentPlace) throws(Failure) -> ConfigText {
        if let text = place.value.string { return try literal(text, place) }
        if let text = place.value.scalarText { return .plain(text) }
        if place["env"] != nil || place["file"] != nil { return .secret(try secret(place)) }
        guard let source = try valueSource(place) else { throw place.failure("expected a text or a value source") }
        if case .constant(let value) = source { return .plain(value.scalarText ?? "") }
        try checkScope(of: source, place)
        return .template(TextTemplate([.value(source)]))
    }

    /// A text that is kept secret whatever it comes from. May be empty only when it stands in the document as such.
    mutating func secret(_ place: DocumentPlace) throws(Failure) -> Secret {
        if let literal = place.value.string {
            let places = Placeholder.names(in: literal).map(Placeholder.split)
            if context.skipsSecrets, places.contains(where: { $0.root == "param" }) {
                for place in places where place.root == "param" { askedParameters.insert(place.rest) }
                return unread()
            }
            // Places in it know no page: what a request alone could fill in is refused there.
            let text = try self.literal(literal, place).reveal()
            if let flaw = Self.flaw(of: text), flaw != .empty || !literal.isEmpty {
                throw place.failure("the secret \(flaw.rawValue)", code: .auth)
            }
            return Secret(text)
        }
        if let name = place["param"]?.value.string {
            if context.skipsSecrets {
                askedParameters.insert(name)
                return unread()
            }
            let text = try parameter(place)
            if missingParameters?.contains(name) != true, let flaw = Self.flaw(of: text) {
                throw place.failure("parameter \"\(name)\" \(flaw.rawValue)", code: .auth)
            }
            return Secret(text)
        }
        if let name = place["env"]?.value.string { return try resolve(.environment(name), at: place) }
        if let path = place["file"]?.value.string { return try resolve(.file(path), at: place) }
        throw place.failure("expected a text or a reference")
    }

    /// The value of `{"param": name, "default"?}`.
    mutating func parameter(_ place: DocumentPlace) throws(Failure) -> String {
        try parameter(place["param"]?.value.string ?? "", standIn: place["default"]?.value.scalarText, at: place)
    }

    mutating func parameter(
        _ name: String, standIn: String? = nil, at place: DocumentPlace
    ) throws(Failure) -> String {
        askedParameters.insert(name)
        if let text = context.parameters[name] ?? standIn { return text }
        if context.parameters.list(name) != nil {
            throw place.failure("parameter \"\(name)\" is a list, and one value is needed here")
        }
        guard missingParameters != nil else {
            throw place.failure("parameter \"\(name)\" is not given and has no default")
        }
        if missingParameters?.contains(name) == false { missingParameters?.append(name) }
        return ""
    }

    mutating func noteAsked(_ name: String) { askedParameters.insert(name) }

    /// The values of a parameter that is a list; nil when it is not given.
    mutating func list(_ name: String, isNeeded: Bool) -> [OverValue]? {
        askedParameters.insert(name)
        if let values = context.parameters.list(name) { return values }
        if isNeeded, missingParameters?.contains(name) == false { missingParameters?.append(name) }
        return nil
    }

    // MARK: secrets

    private enum Flaw: String {
        case empty = "is empty"
        case surrounded = "has white space or a line break at an end"
        case control = "holds a line break or other control character"
        case notText = "is not UTF-8 text"
    }

    private static func flaw(of text: String) -> Flaw? {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last else { return .empty }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        if isSpace(first) || isSpace(last) { return .surrounded }
        return bytes.contains(where: ASCII.isControl) ? .control : nil
    }

    private mutating func unread() -> Secret {
        context.hasUnreadSecrets = true
        return Secret("unread")
    }

    /// A secret that may have several lines.
    mutating func keyText(_ place: DocumentPlace) throws(Failure) -> Secret {
        if place["env"] == nil, place["file"] == nil {
            if let literal = place.value.string, Placeholder.names(in: literal).isEmpty { return Secret(literal) }
            if place.value.string != nil { return try secret(place) }
            if context.skipsSecrets { return try secret(place) }
            return Secret(try parameter(place))
        }
        allowsLines = true
        defer { allowsLines = false }
        return try secret(place)
    }

    mutating func resolve(_ reference: SecretReference, at place: DocumentPlace) throws(Failure) -> Secret {
        if context.skipsSecrets { return unread() }
        if !allowsLines, let known = context.secrets[reference] { return known }
        let label: String
        var bytes: [UInt8]
        switch reference {
        case .environment(let name):
            label = "environment variable \"\(name)\""
            guard let found = references.environment(name) else {
                throw place.failure("\(label) is not set", code: .auth)
            }
            bytes = found
        case .file(let path):
            label = "secret file \(MessageText.quoted(path))"
            do throws(ReferenceError) {
                bytes = try references.file(path)
            } catch { throw place.failure("\(label) \(error.reason)", code: .auth) }
            // Editors and `echo` end a file with a line break that is no part of the secret.
            if bytes.last == 0x0A { bytes.removeLast() }
            if bytes.last == 0x0D { bytes.removeLast() }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw place.failure("\(label) \(Flaw.notText.rawValue)", code: .auth)
        }
        if let flaw = Self.flaw(of: text), !allowsLines || flaw == .empty {
            throw place.failure("\(label) \(flaw.rawValue)", code: .auth)
        }
        let secret = Secret(text)
        // Read with looser rules it is good for nothing else.
        if allowsLines { return secret }
        context.secrets[reference] = secret
        return secret
    }

    // MARK: named texts

    /// Headers in the order of the document.
    mutating func headers(_ place: DocumentPlace?) throws(Failure) -> [RequestPlan.NamedText] {
        var result: [RequestPlan.NamedText] = []
        for (name, value) in place?.members ?? [] {
            let lowered = ASCII.lowercased(name)
            if let reason = Self.reason(againstHeader: name) {
                throw value.failure("the header \(MessageText.quoted(name)) can't be set here: \(reason)")
            }
            if result.contains(where: { ASCII.equalsIgnoringCase($0.name, name) }) {
                throw value.failure("the header \(MessageText.quoted(name)) is given twice (case does not matter)")
            }
            for var field in try field(name, value) {
                if case .template(let template) = field.value, let over = template.overName {
                    try overText(over, at: value)
                }
                // Credentials by name, wherever they come from.
                if ["authorization", "cookie"].contains(lowered) || Self.isCredential(name, field.value) {
                    field.value = field.value.kept()
                }
                result.append(field)
            }
        }
        return result
    }

    /// Why that header is not the document's to set; nil when it is.
    static func reason(againstHeader name: String) -> String? { reservedHeaders[ASCII.lowercased(name)] }

    private static let reservedHeaders: [String: String] = {
        var reasons = ["user-agent": "use \"user_agent\"", "proxy-authorization": "proxies take no credentials"]
        for name in [
            "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer",
            "expect",
            "accept-encoding",
        ] { reasons[name] = "the transfer sets it itself" }
        return reasons
    }()

    /// Query parameters or form fields; a list repeats the name.
    mutating func pairs(_ place: DocumentPlace?) throws(Failure) -> [RequestPlan.NamedText] {
        var result: [RequestPlan.NamedText] = []
        for (name, value) in place?.members ?? [] {
            for var field in try field(name, value) {
                if readsPlaces, Self.isCredential(name, field.value) { field.value = field.value.kept() }
                result.append(field)
            }
        }
        return result
    }

    /// Whether a literal or a parameter under that name is taken for a credential though the document does not say so:
    /// it stays with its origin and out of messages. Not short ones, which messages would be full of.
    private static func isCredential(_ name: String, _ value: ConfigText) -> Bool {
        guard case .plain(let text) = value, text.utf8.count >= 8 else { return false }
        let plain = String(
            decoding: ASCII.lowercased(name).utf8.filter { ASCII.isAlpha($0) || ASCII.isDigit($0) }, as: UTF8.self)
        return credentialNames.contains(plain.hasPrefix("x") ? String(plain.dropFirst()) : plain)
            || credentialNames.contains(plain)
    }

    /// Without case, dashes and underscores, and the "X-" of headers.
    private static let credentialNames: Set<String> = [
        "accesskey", "accesstoken", "apikey", "apisecret", "apitoken", "appkey", "authkey", "authorization",
        "authtoken",
        "bearertoken", "clientsecret", "passwd", "password", "privatetoken", "secret", "secretkey", "sessionid",
        "sessiontoken", "subscriptionkey", "token",
    ]
}

extension ConfigText {
    /// All of it as secret as can be.
    fileprivate func kept() -> ConfigText {
        guard case .template(let template) = self else { return .secret(Secret(reveal())) }
        return .template(
            TextTemplate(template.pieces.map { if case .text(let text) = $0 { .secret(Secret(text)) } else { $0 } }))
    }
}
