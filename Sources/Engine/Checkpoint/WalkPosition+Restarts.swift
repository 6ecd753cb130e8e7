extension Restarts.Standing {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("number", number)
            writer.member("first_page", firstPage)
            if let value {
                writer.name("value")
                value.write(to: &writer)
            }
            writer.member("pages", pages)
            writer.member("records", records)
            writer.member("largest", largest)
            if let latest {
                writer.name("latest")
                latest.write(to: &writer)
            }
            if awaitsSeam {
                writer.name("awaits_seam")
                writer.bool(true)
            }
        }
    }

    init(_ json: JSONValue) throws(CheckpointProblem) {
        self.init()
        number = try Paging.Standing.count("number", json) ?? 0
        firstPage = UInt64(clamping: try Paging.Standing.count("first_page", json) ?? 0)
        pages = try Paging.Standing.count("pages", json) ?? 0
        records = try Paging.Standing.count("records", json) ?? 0
        largest = try Paging.Standing.count("largest", json) ?? 0
        if let token = json["value"] { value = try PageToken(checkpoint: token) }
        if let token = json["latest"] { latest = try PageToken(checkpoint: token) }
        awaitsSeam = json["awaits_seam"]?.bool ?? false
    }
}
