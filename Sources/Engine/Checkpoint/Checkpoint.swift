/// Where a walk stands behind a page: all that is needed to go on from there, as a text that outlives the process.
///
/// A class, so that a page carries it in one word; the text is written when somebody asks for it. It has no secrets: tokens
/// and URLs are kept as pages show them. It doesn't have what a walk remembers of its past: the keys of records seen, tokens and
/// pages that would show a circle.
public final class Checkpoint: Sendable {
    enum Position: Sendable {
        case walk(WalkPosition)
        case fanOut(FanOutPosition)
    }

    /// Of the text. A reader takes its own and older ones.
    static let version: Int64 = 1

    /// What the walk was made from; shared by all of its checkpoints.
    final class Origin: Sendable {
        let stream: Stream
        let source: Source
        init(_ stream: Stream, _ source: Source) {
            self.stream = stream
            self.source = source
        }
    }

    let position: Position
    /// Nil for a part of another checkpoint.
    private let origin: Origin?

    init(_ position: Position, of origin: Origin?) {
        self.position = position
        self.origin = origin
    }

    /// Nothing follows.
    public var isEnd: Bool {
        switch position {
        case .walk(let walk): walk.isOver
        case .fanOut(let fanOut): fanOut.isOver
        }
    }

    /// How many records were handed over up to here.
    public var records: Int64 {
        switch position {
        case .walk(let walk): walk.standing.delivered
        case .fanOut(let fanOut): fanOut.records
        }
    }

    public var text: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("penstock", Self.version)
            if let origin {
                writer.member("stream", origin.stream.name)
                writer.name("document")
                DocumentMarks(origin.stream, origin.source).write(to: &writer)
            }
            writer.name("at")
            write(to: &writer)
        }
        return Self.sealed(writer.bytes)
    }

    func write(to writer: inout JSONWriter) {
        switch position {
        case .walk(let walk): walk.write(to: &writer)
        case .fanOut(let fanOut): fanOut.write(to: &writer)
        }
    }

    // MARK: the seal

    private static let sealStart = ",\"sum\":\""

    /// The object with a sum of its text as the last member: what was cut or edited is told from what was written.
    static func sealed(_ object: [UInt8]) -> String {
        let body = object.dropLast()
        return String(decoding: body, as: UTF8.self) + sealStart + StableHash.of(body).hex + "\"}"
    }

    static func isWhole(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let tail = sealStart.utf8.count + 16 + 2
        guard bytes.count > tail else { return false }
        let body = bytes[..<(bytes.count - tail)]
        return bytes.elementsEqual(sealed(Array(body) + [UInt8(ascii: "}")]).utf8)
    }
}
