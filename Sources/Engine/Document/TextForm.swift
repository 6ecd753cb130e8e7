/// What a text may look like.
enum TextForm: Sendable {
    /// No control characters, so many characters.
    case line(ClosedRange<Int>)
    /// Anything, line breaks too.
    case block
    /// A header's name (RFC 9110 section 5.1).
    case headerName
    /// A name that can be part of a file's name.
    case name
    /// A parameter's name, which may stand in a path as `{name}`.
    case parameter
    /// A variable of the environment.
    case variable
    case one(of: [String])
    case duration(ClosedRange<Timespan>)
    /// A length of time that may be months or years.
    case calendarStep
    /// How times are written.
    case timeFormat
    /// An offset from UTC, or the name of a time zone.
    case zone
    case size(ClosedRange<Int64>)
    case rate
    /// A place in JSON that is one value.
    case path
    /// A place in JSON, wildcards allowed.
    case pathOfMany
    case url
    /// Scheme, host and port of a URL, nothing behind.
    case origin
    case proxy

    /// ECMA 262, as far as the form can be said in it; nil where it cannot.
    var pattern: String? {
        switch self {
        case .line, .block, .one, .path, .pathOfMany: nil
        case .calendarStep:
            "^(([0-9]+(\\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h|d|w))+|P[0-9.YMWD]*(T[0-9.HMS]+)?|[0-9]+ *"
                + "(second|minute|hour|day|week|month|year)s?)$"
        case .timeFormat: "^(iso|iso_ms|iso_us|date|epoch_s|epoch_ms|epoch_us|.*%.*)$"
        case .zone: "^(UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?|[A-Za-z][A-Za-z0-9_+/-]*)$"
        case .headerName: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
        case .name: "^[A-Za-z0-9_][A-Za-z0-9_.-]*$"
        case .parameter: "^[A-Za-z_][A-Za-z0-9_.-]*$"
        case .variable: "^[A-Za-z_][A-Za-z0-9_]*$"
        case .duration: Self.durationPattern
        case .size: "^[0-9]+(\\.[0-9]+)?[ \\t]*([KkMmGgTt][Ii]?[Bb]|[Bb])?$"
        case .rate: "^[0-9]+(\\.0+)?[ \\t]*/[ \\t]*[A-Za-z0-9µμ.]+$"
        case .url, .origin: "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]"
        case .proxy: "^(https?|socks5h?)://[^/?#@]+/?$"
        }
    }

    private static let durationPattern =
        "^(([0-9]+(\\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h|d|w))+|P[0-9.WD]*(T[0-9.HMS]+)?)$"

    /// In characters.
    var length: ClosedRange<Int>? {
        switch self {
        case .line(let bounds): bounds
        case .headerName, .parameter, .variable: 1...256
        case .name: 1...128
        case .duration, .calendarStep, .size, .rate: 1...64
        case .timeFormat: 1...256
        case .zone: 1...64
        case .path, .pathOfMany: 0...4096
        case .url, .origin, .proxy: 1...4096
        case .block, .one: nil
        }
    }

    /// Behind "expected".
    var expected: String {
        switch self {
        case .line(let bounds): bounds.lowerBound > 0 ? "a text that is not empty" : "a text"
        case .block: "a text"
        case .headerName: "a header name (letters, digits and !#$%&'*+-.^_`|~)"
        case .name: "a name of letters, digits, \"_\", \"-\" and \".\", up to 128 long, with no \"-\" or \".\" in front"
        case .parameter: "a parameter's name (a letter or \"_\", then letters, digits, \"_\", \"-\" and \".\")"
        case .variable: "a variable's name (letters, digits and \"_\")"
        case .one(let texts): MessageText.alternatives(texts.map { "\"\($0)\"" })
        case .duration: DurationText.form
        case .calendarStep: CalendarStep.form
        case .timeFormat:
            MessageText.alternatives(
                TimeFormat.names.map { "\"\($0.name)\"" } + ["a pattern such as \"%Y-%m-%d %H:%M:%S\""])
        case .zone: "\"UTC\", an offset such as \"+02:00\" or a name such as \"Europe/Berlin\""
        case .size: ByteSizeText.form
        case .rate: RateText.form
        case .path: "a path such as \"meta.next\""
        case .pathOfMany: "a path such as \"data.items\""
        case .url: "an https or http URL"
        case .origin: "an origin such as \"https://files.example.com\""
        case .proxy:
            "a proxy such as \"http://proxy.example.com:3128\" (http, https, socks5 or socks5h, no credentials)"
        }
    }
}

extension TextForm {
    /// Why a text is not of this form; `beyondSchema` when no JSON Schema could tell. Only paths are repeated: any other
    /// text may be a secret in the wrong place.
    func problem(in text: String) -> (message: String, beyondSchema: Bool)? {
        if case .one(let texts) = self {
            return texts.contains(text) ? nil : ("expected \(expected), found another text", false)
        }
        if let length {
            let count = text.unicodeScalars.count
            if count > length.upperBound { return ("the text is longer than \(length.upperBound) characters", false) }
            if count < length.lowerBound { return ("expected \(expected), found an empty text", false) }
        }
        switch self {
        case .block, .one: return nil
        default:
            if text.utf8.contains(where: ASCII.isControl) {
                return ("the text holds a line break or other control character", false)
            }
        }
        if let message = grammarProblem(text) { return (message, !hasExactPattern) }
        return nil
    }

    private var hasExactPattern: Bool {
        switch self {
        case .headerName, .name, .parameter, .variable: true
        default: false
        }
    }

    private func grammarProblem(_ text: String) -> String? {
        switch self {
        case .line, .block, .one: return nil
        case .headerName: return HeaderRules.isToken(text) ? nil : "expected \(expected)"
        case .name: return isName(text, first: "_", digitFirst: true, rest: "_.-")
        case .parameter: return isName(text, first: "_", digitFirst: false, rest: "_.-")
        case .variable: return isName(text, first: "_", digitFirst: false, rest: "_")
        case .duration(let bounds):
            guard let span = DurationText.parse(text) else { return "expected \(expected)" }
            return bounds.contains(span)
                ? nil : "must be from \(bounds.lowerBound.documentText) to \(bounds.upperBound.documentText)"
        case .calendarStep: return CalendarStep.parse(text) == nil ? "expected \(expected)" : nil
        case .timeFormat:
            if TimeFormat.parse(text) != nil { return nil }
            guard text.utf8.contains(UInt8(ascii: "%")) else { return "expected \(expected)" }
            return "the pattern has an unknown field, or leaves the day open; known: "
                + TimePattern.fields.map { "%\($0)" }.joined(separator: " ")
        case .zone: return TextForm.zone(text) == nil && !TextForm.isZoneName(text) ? "expected \(expected)" : nil
        case .size(let bounds):
            guard let size = ByteSizeText.parse(text) else { return "expected \(expected)" }
            return bounds.contains(size) ? nil : "must be from \(bounds.lowerBound) to \(bounds.upperBound) bytes"
        case .rate: return RateText.parse(text) == nil ? "expected \(expected), both parts above 0" : nil
        case .path, .pathOfMany:
            do throws(JSONPathError) {
                let path = try JSONPath(text)
                if case .path = self, path.matchesMany {
                    return "a wildcard can match several values; one is needed here"
                }
                return nil
            } catch { return Sanitized.text(error.description, most: 300) }
        case .url, .origin:
            do throws(WebURLError) {
                let url = try WebURL(text)
                if url.fragment != nil { return "the URL has a fragment (#…), which is never sent" }
                if case .origin = self, !url.path.isEmpty || url.query != nil {
                    return "expected \(expected), without a path or query"
                }
                return nil
            } catch { return error.reason }
        case .proxy:
            return ["http://", "https://", "socks5://", "socks5h://"].contains { text.hasPrefix($0) && text != $0 }
                && !text.utf8.contains { "@?# ".utf8.contains($0) } ? nil : "expected \(expected)"
        }
    }

    private func isName(_ text: String, first: String, digitFirst: Bool, rest: String) -> String? {
        for (index, byte) in text.utf8.enumerated() {
            let isFine =
                ASCII.isAlpha(byte) || (ASCII.isDigit(byte) && (index > 0 || digitFirst))
                || (index == 0 ? first : rest).utf8.contains(byte)
            if !isFine { return "expected \(expected)" }
        }
        return nil
    }
}

extension TextForm {
    /// Seconds east of UTC.
    static func zone(_ text: String) -> Int64? {
        var bytes = ByteCursor(text)
        let offset = TimePattern.zone(&bytes)
        return bytes.isAtEnd ? offset : nil
    }

    /// Part of a path: it must not lead out of the database.
    static func isZoneName(_ text: String) -> Bool {
        text.utf8.first.map(ASCII.isAlpha) ?? false
            && text.utf8.allSatisfy { ASCII.isAlpha($0) || ASCII.isDigit($0) || "_+-/".utf8.contains($0) }
    }
}

extension Timespan {
    /// As documents write it, in the largest unit that needs no fraction.
    var documentText: String {
        let units: [(String, Int64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
            ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
        ]
        for (name, size) in units where nanoseconds != 0 && nanoseconds % size == 0 {
            return "\(nanoseconds / size)\(name)"
        }
        return "0s"
    }
}
