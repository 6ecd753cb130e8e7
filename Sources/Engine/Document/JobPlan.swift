/// What a sync runs: streams of one or more sources, each into a file.
public struct JobPlan: Sendable {
    public struct Entry: Sendable {
        /// Nil for the one source of a job that has no name.
        public var name: String?
        public var source: Source
        /// Those that are run.
        public var streams: [Stream]
        /// Besides the source's own limits.
        public var limiter: LimiterPlan?
    }
    public var entries: [Entry]
    public var directory: String
    /// Of all sources together, besides their own limits.
    public var limiter: LimiterPlan?
    /// Nil: a run that is interrupted begins anew.
    public var state: StatePlace?
    /// The run parks when it is over.
    public var maxDuration: Timespan?
    public var log: LogPlan?
    /// How long what is written may wait for its commit.
    public var commitEvery = Timespan.milliseconds(100)
    /// The same where files are packed: a member of little is packed badly.
    static let packedCommitEvery = Timespan.seconds(1)
    /// The most that a batch function is given at once.
    public var batchRecords = 1000
    /// Each run of a stream has a file of its own.
    public var keepsRuns = false
    /// What is to come of schemas that change; nil: as the streams say.
    public var drift: DriftPlan.Mode?
    public var compression = Compression.none
    /// Each commit has a hash of its records besides that of its bytes.
    public var hashesRecords = false
    /// Nil: a run of a stream is one file.
    public var rotation: RotationPlan?

    /// The file of a stream, within `directory`: with the source's name in front when there are several.
    public func fileName(of stream: Stream, in entry: Entry) -> String {
        stem(of: stream, in: entry) + ".jsonl" + compression.suffix
    }

    /// What its names begin with.
    public func stem(of stream: Stream, in entry: Entry) -> String {
        Self.stem(stream.name, entries.count > 1 ? entry.name : nil)
    }

    private static func stem(_ stream: String, _ source: String?) -> String {
        (source.map { $0 + "." } ?? "") + stream
    }

    public static func parse(_ value: JSONValue, references: some References) throws(Failure) -> JobPlan {
        let job = DocumentPlace(value)
        try job.check(.object(Vocabulary.job))
        let places = job["sources"]?.elements ?? [job]
        var plan = JobPlan(entries: [], directory: job["output"]?["directory"]?.value.string ?? "")
        var parser = DocumentParser(references: references)
        plan.state = try job["state"].map { state throws(Failure) in try parser.statePlace(state) }
        plan.maxDuration = job["max_duration"]?.value.string.flatMap(DurationText.parse)
        plan.log = try job["log"].map { log throws(Failure) in try LogPlan.read(log) }
        plan.keepsRuns = job["output"]?["runs"]?.value.string == "keep"
        let packing = job["output"]?["compress"]?.value.string
        plan.compression = packing.flatMap(Compression.init) ?? .none
        plan.hashesRecords = job["output"]?["canonical_hash"]?.value.bool ?? false
        if plan.hashesRecords, plan.state == nil {
            throw (job["output"]?["canonical_hash"] ?? job).failure("hashes of records are kept in the \"state\"")
        }
        plan.rotation = RotationPlan(job["output"]?["rotate"]?.value)
        if plan.rotation != nil, !plan.keepsRuns, plan.state == nil {
            throw (job["output"]?["rotate"] ?? job).failure(
                "files that are rotated need a \"state\", by which a run knows those of the run before that it replaces, or "
                    + "\"runs\": \"keep\"")
        }
        if plan.compression != .none { plan.commitEvery = packedCommitEvery }
        if let text = job["commit_every"]?.value.string, let time = DurationText.parse(text) { plan.commitEvery = time }
        if let count = job["batch_records"]?.value.int { plan.batchRecords = Int(clamping: count) }
        plan.drift = job["drift"]?.value.string.flatMap(DriftPlan.Mode.init(rawValue:))
        plan.limiter = try job["limiter"].map { place throws(Failure) in try LimiterPlan.read(place, references) }
        var files: Set<String> = []
        for place in places {
            var entry = try entry(place, references: references)
            if job["sources"] != nil, let limiter = place["limiter"] {
                if plan.limiter != nil { throw limiter.failure("the job has a \"limiter\" for all of its sources") }
                entry.limiter = try LimiterPlan.read(limiter, references)
            }
            // The one source directly given has no name of its own.
            if places.count > 1 {
                guard let name = entry.name else {
                    throw place.failure(
                        "missing key \"name\": the job has several sources and the document has no name",
                        at: place.pointer.appending("name"))
                }
                if plan.entries.contains(where: { $0.name == name }) {
                    throw (place["name"] ?? place).failure("two sources have the name \"\(name)\"")
                }
                entry.name = name
            }
            for stream in entry.streams {
                let file = stem(stream.name, places.count > 1 ? entry.name : nil) + ".jsonl"
                // Some file systems know no case.
                if !files.insert(ASCII.lowercased(file)).inserted {
                    throw place.failure("two streams would write the file \"\(file)\"")
                }
            }
            try plan.checkDuplicates(of: entry.streams, place)
            try plan.checkDrift(of: entry.streams, place)
            plan.entries.append(entry)
        }
        return plan
    }

    private func checkDuplicates(of streams: [Stream], _ place: DocumentPlace) throws(Failure) {
        guard let stream = streams.first(where: { $0.rules.duplicates.acrossRuns }) else { return }
        let what = "the stream \"\(stream.name)\" leaves out what earlier runs wrote (\"across_runs\")"
        guard state != nil else { throw place.failure("\(what): the job needs a \"state\" to know that by") }
        guard keepsRuns else {
            throw place.failure("\(what): the output needs \"runs\": \"keep\", or their files would be replaced")
        }
    }

    private static func entry(_ place: DocumentPlace, references: any References) throws(Failure) -> Entry {
        guard let given = place["source"] else { throw place.failure("missing key \"source\"") }
        var document = given
        if let path = given.value.string {
            do throws(ReferenceError) {
                document = DocumentPlace(try references.document(path), file: path)
            } catch { throw given.failure("the source document \(MessageText.quoted(path)) \(error.reason)") }
        }
        var parameters = Parameters()
        parameters.add(place["params"])
        let options = DocumentPlace(.object([]), at: place.pointer.appending("params"))
        let source = try Source.parse(document, parameters, givenAt: options, references)
        let name = place["name"]?.value.string ?? source.name ?? given.value.string.flatMap(nameOfFile)
        return Entry(name: name, source: source, streams: try streams(place, source))
    }

    private static func streams(_ place: DocumentPlace, _ source: Source) throws(Failure) -> [Stream] {
        guard !source.streams.isEmpty else {
            throw (place["source"] ?? place).failure("the source has no streams")
        }
        var streams: [Stream] = []
        for wanted in place["streams"]?.elements ?? [] {
            let name = wanted.value.string ?? ""
            guard let stream = source.streams.first(where: { $0.name == name }) else {
                throw wanted.failure(
                    "the source has no stream \(MessageText.quoted(name))"
                        + NearestName.hint(name, in: source.streams.map(\.name)))
            }
            if streams.contains(where: { $0.name == name }) { throw wanted.failure("the stream is given twice") }
            streams.append(stream)
        }
        if place["streams"] == nil { streams = source.streams }
        for stream in streams {
            guard let missing = stream.missingParameters.first else { continue }
            throw place.failure(
                "the stream \"\(stream.name)\" needs the parameter \"\(missing)\"",
                at: place.pointer.appending("params").appending(missing))
        }
        return streams
    }

    /// `shop` of `sources/shop.json`; nil when that is no name.
    private static func nameOfFile(_ path: String) -> String? {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let stem = file.hasSuffix(".json") ? String(file.dropLast(5)) : file
        return TextForm.name.problem(in: stem) == nil ? stem : nil
    }
}
