extension Checkpoint {
    /// More walks inside each other than any document has.
    static let mostDepth = 32

    /// A part of another checkpoint.
    convenience init(part value: JSONValue, depth: Int) throws(CheckpointProblem) {
        guard depth > 0 else { throw CheckpointProblem(reason: "it has more walks inside each other than there are") }
        if value["over"] != nil {
            self.init(.fanOut(try FanOutPosition(value, depth: depth - 1)), of: nil)
        } else {
            self.init(.walk(try WalkPosition(value)), of: nil)
        }
    }
}

extension Stream {
    /// Goes on where a walk of this stream stood.
    ///
    /// - Parameter value: `text`, decoded; nil when it is no JSON.
    mutating func resume(
        at text: String, _ value: JSONValue?, in source: Source
    ) throws(CheckpointProblem) {
        guard let value, let version = value["penstock"]?.int else {
            throw CheckpointProblem(reason: "it is cut off, or no checkpoint")
        }
        guard version <= Checkpoint.version else {
            throw CheckpointProblem(
                reason: "it has version \(version), from a newer library; this one reads up to \(Checkpoint.version)")
        }
        guard Checkpoint.isWhole(text) else { throw CheckpointProblem(reason: "it was cut off or edited") }
        guard let marks = DocumentMarks(value["document"]), let place = value["at"] else {
            throw .malformed("document")
        }
        if let name = value["stream"]?.string, name != self.name {
            throw CheckpointProblem(
                reason: "it is of the stream \(MessageText.quoted(name)), not of \(MessageText.quoted(self.name))")
        }
        // Of a run that is over only its highest values count.
        let isWhole = isIncremental && (isComplete || place["end"]?.bool ?? false)
        let changes = isWhole ? [] : DocumentMarks(self, source).differences(from: marks)
        guard changes.isEmpty else {
            throw CheckpointProblem(
                reason: "the document has changed since: \(changes.joined(separator: ", "))")
        }
        let checkpoint = try Checkpoint(part: place, depth: Checkpoint.mostDepth)
        try checkFits(checkpoint, in: source)
        start = checkpoint
    }

    /// For those who keep checkpoints themselves.
    public mutating func resume(at text: String, _ value: JSONValue?, of source: Source) throws(Failure) {
        do throws(CheckpointProblem) {
            try resume(at: text, value, in: source)
        } catch {
            throw Failure(.state, error.reason)
        }
    }

    private func checkFits(_ checkpoint: Checkpoint, in source: Source) throws(CheckpointProblem) {
        switch checkpoint.position {
        case .walk(let walk):
            guard over == nil else { throw .malformed("at") }
            if case .url(let url)? = walk.token {
                let refusal = OriginRule.refusal(of: url, from: source.baseURL, bodyOrigin: nil, source: source)
                if let refusal { throw CheckpointProblem(reason: "its URL can't be followed: \(refusal)") }
            }
            let carried = request.carried.count
            guard walk.carried.count == carried || walk.index == 0 || walk.isOver else { throw .malformed("carried") }
        case .fanOut(let fanOut):
            guard let over else { throw .malformed("at") }
            if let plan = incremental {
                guard let text = fanOut.runText else {
                    throw CheckpointProblem(reason: "it is of a walk that was not incremental")
                }
                _ = try IncrementalRun(text, plan)
            }
            for entry in fanOut.entries {
                guard case .fanOut? = entry.at?.position else { continue }
                throw .malformed("at")
            }
            guard let parent = fanOut.parent else { return }
            guard case .stream(let stream, _)? = over.dimensions.first?.origin else { throw .malformed("parent") }
            try stream.checkFits(parent, in: source)
        }
    }
}
