extension RecordShape {
    /// What comes of the values at the records' place.
    enum Shaped {
        /// Slices of the body.
        case slices([JSONSpan])
        case written(RecordBuffer)
    }

    /// - Parameters:
    ///   - values: what the records' place matched; nulls are left out.
    ///   - names: what the place of the names matched, for rows.
    func shaped(
        _ values: [JSONSpan], names: [JSONSpan], in body: UnsafeRawBufferPointer, most: Int64
    ) throws(Failure) -> Shaped {
        var buffer = RecordBuffer(most: most)
        switch self {
        case .objectMap(let key, let value):
            let members = values.flatMap { JSONParts.members(of: $0, in: body) }
            guard key != nil || value != nil else { return .slices(members.map(\.value)) }
            try RecordShape.map(members, key: key, value: value, body, &buffer)
        case .scalars(let field):
            let head = [UInt8(ascii: "{")] + RecordBuffer.quoted(field) + [UInt8(ascii: ":")]
            for element in values.flatMap({ JSONParts.elements(of: $0, in: body) }) {
                buffer.write(head)
                buffer.write(element.bytes(in: body))
                buffer.write(UInt8(ascii: "}"))
                try buffer.close()
            }
        case .rowsWithHeader(let path):
            for value in values {
                var rows = JSONParts.elements(of: value, in: body)[...]
                var header = names
                if path == nil {
                    guard let first = rows.popFirst() else { continue }
                    header = JSONParts.elements(of: first, in: body)
                    guard first.kind == .array else {
                        throw RecordShape.wrong("the first row is \(first.kind.described), not a list of names")
                    }
                }
                try RecordShape.rows(rows, try RecordShape.checked(header, body), body, &buffer)
            }
        case .columns: for value in values { try RecordShape.columns(value, body, &buffer) }
        case .explode(let path, let carried):
            return try RecordShape.explode(values, path, carried, body, buffer)
        }
        return .written(buffer)
    }

    /// What the value at the records' place must be.
    var takes: JSONKind? {
        switch self {
        case .objectMap, .columns: .object
        case .scalars, .rowsWithHeader: .array
        case .explode: nil
        }
    }

    static func wrong(_ message: String) -> Failure { Failure(.data, "records: \(message)") }

    private static func name(_ span: JSONSpan, _ body: UnsafeRawBufferPointer) -> String {
        Sanitized.text(span.bytes(in: body), most: 80)
    }

    private static func map(
        _ members: [JSONParts.Member], key: String?, value: String?, _ body: UnsafeRawBufferPointer,
        _ buffer: inout RecordBuffer
    ) throws(Failure) {
        let keyHead = key.map { RecordBuffer.quoted($0) + [UInt8(ascii: ":")] }
        if let value {
            let valueHead = RecordBuffer.quoted(value) + [UInt8(ascii: ":")]
            for member in members {
                buffer.write(UInt8(ascii: "{"))
                if let keyHead {
                    buffer.write(keyHead)
                    buffer.write(member.name.bytes(in: body))
                    buffer.write(UInt8(ascii: ","))
                }
                buffer.write(valueHead)
                buffer.write(member.value.bytes(in: body))
                buffer.write(UInt8(ascii: "}"))
                try buffer.close()
            }
            return
        }
        guard let key, let keyHead else { return }
        let taken = try TakenNames([key])
        var matches = JSONMatches()
        for member in members {
            let record = member.value.bytes(in: body)
            if taken.first(in: record, &matches) != nil {
                throw wrong(
                    "\(name(member.name, body)) has a member \(MessageText.quoted(key)) already: choose another \"key_field\""
                )
            }
            guard try buffer.add(record, members: keyHead + member.name.bytes(in: body)) else {
                throw wrong(
                    "\(name(member.name, body)) is \(member.value.kind.described), not an object: say \"value_field\"")
            }
        }
    }

    /// Names as written JSON with a colon behind.
    private static func checked(_ names: [JSONSpan], _ body: UnsafeRawBufferPointer) throws(Failure) -> [[UInt8]] {
        var heads: [[UInt8]] = []
        var seen: Set<[UInt8]> = []
        for (index, span) in names.enumerated() {
            guard span.kind == .string else {
                throw wrong("name \(index) of the columns is \(span.kind.described), not a text")
            }
            let head = span.bytes(in: body) + [UInt8(ascii: ":")]
            guard seen.insert(head).inserted else { throw wrong("two columns have the name \(name(span, body))") }
            heads.append(head)
        }
        return heads
    }

    /// A row may be shorter than the names (spreadsheets leave empty cells at the end out), not longer.
    private static func rows(
        _ rows: ArraySlice<JSONSpan>, _ heads: [[UInt8]], _ body: UnsafeRawBufferPointer, _ buffer: inout RecordBuffer
    ) throws(Failure) {
        for (index, row) in rows.enumerated() {
            guard row.kind == .array else { throw wrong("row \(index) is \(row.kind.described), not a list") }
            let cells = JSONParts.elements(of: row, in: body)
            guard cells.count <= heads.count else {
                throw wrong("row \(index) has \(cells.count) values for \(heads.count) names")
            }
            try write(zip(heads, cells), body, &buffer)
        }
    }

    private static func write(
        _ members: some Sequence<([UInt8], JSONSpan)>, _ body: UnsafeRawBufferPointer, _ buffer: inout RecordBuffer
    ) throws(Failure) {
        buffer.write(UInt8(ascii: "{"))
        var isFirst = true
        for (head, cell) in members {
            if !isFirst { buffer.write(UInt8(ascii: ",")) }
            isFirst = false
            buffer.write(head)
            buffer.write(cell.bytes(in: body))
        }
        buffer.write(UInt8(ascii: "}"))
        try buffer.close()
    }

    private static func columns(
        _ value: JSONSpan, _ body: UnsafeRawBufferPointer, _ buffer: inout RecordBuffer
    ) throws(Failure) {
        let members = JSONParts.members(of: value, in: body).filter { $0.value.kind == .array }
        let heads = try checked(members.map(\.name), body)
        let columns = members.map { JSONParts.elements(of: $0.value, in: body) }
        let count = columns.first?.count ?? 0
        if let odd = columns.firstIndex(where: { $0.count != count }) {
            throw wrong(
                "the columns differ in length: \(name(members[0].name, body)) has \(count) values, "
                    + "\(name(members[odd].name, body)) has \(columns[odd].count)")
        }
        for row in 0..<count { try write(zip(heads, columns.map { $0[row] }), body, &buffer) }
    }

    private static func explode(
        _ parents: [JSONSpan], _ path: JSONPath, _ carried: [Carried], _ body: UnsafeRawBufferPointer,
        _ buffer: RecordBuffer
    ) throws(Failure) -> Shaped {
        let scanner: JSONScanner
        do {
            scanner = try JSONScanner([.elements(path)] + carried.map { .value($0.path) })
        } catch {
            throw Failure(.config, "shape: \(error.description)")
        }
        let heads = carried.map { RecordBuffer.quoted($0.name) + [UInt8(ascii: ":")] }
        let taken = try TakenNames(carried.map(\.name))
        var (buffer, slices): (RecordBuffer, [JSONSpan]) = (buffer, [])
        var (found, own) = (JSONMatches(), JSONMatches())
        for parent in parents {
            let bytes = parent.bytes(in: body)
            // Proved with the body: it can't fail.
            guard (try? scanner.scan(bytes, into: &found)) != nil else { continue }
            for value in found[0].values where ![.array, .object, .null].contains(value.kind) {
                throw wrong("\"\(path)\" of a record is \(value.kind.described), not a list")
            }
            let children = found[0].elements
            guard !carried.isEmpty else {
                slices += children.map {
                    JSONSpan(start: $0.start &+ parent.start, end: $0.end &+ parent.start, kind: $0.kind)
                }
                continue
            }
            var members: [UInt8] = []
            for (index, head) in heads.enumerated() {
                guard let span = found[index + 1].first else { continue }
                if !members.isEmpty { members.append(UInt8(ascii: ",")) }
                members += head
                members += span.bytes(in: bytes)
            }
            for child in children {
                let record = child.bytes(in: bytes)
                if let name = taken.first(in: record, &own) {
                    throw wrong(
                        "a child at \"\(path)\" has a member \(MessageText.quoted(name)) already: carry it under another name"
                    )
                }
                guard try buffer.add(record, members: members) else {
                    throw wrong(
                        "a child at \"\(path)\" is \(child.kind.described), not an object: nothing can be carried into it"
                    )
                }
            }
        }
        return carried.isEmpty ? .slices(slices) : .written(buffer)
    }
}
