extension HeaderFields {
    /// From the lines of a response head as they came, the status line first. Lines without a colon are passed over.
    ///
    /// Bytes to bytes, with both arrays made at their final size: the generic `append` is not specialised across modules
    /// and takes more time for a usual head than libcurl takes for the whole page.
    public init(head: UnsafeRawBufferPointer) {
        self.init()
        guard head.count < Int(Int32.max) else { return }
        var lines = 0
        for byte in head where byte == 0x0A { lines &+= 1 }
        fields.reserveCapacity(lines)
        bytes.reserveCapacity(head.count)
        var start = 0
        var isStatusLine = true
        for end in 0..<head.count where head[end] == 0x0A {
            if !isStatusLine { appendLine(in: head, from: start, to: end) }
            isStatusLine = false
            start = end &+ 1
        }
        if !isStatusLine { appendLine(in: head, from: start, to: head.count) }
    }

    private mutating func appendLine(in head: UnsafeRawBufferPointer, from start: Int, to end: Int) {
        var colon = start
        while colon < end, head[colon] != 0x3A { colon &+= 1 }
        guard colon < end else { return }
        var first = colon &+ 1
        var last = end
        while first < last, Self.isBlank(head[first]) { first &+= 1 }
        while last > first, Self.isBlank(head[last &- 1]) { last &-= 1 }
        let name = Int32(bytes.count)
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: head[start..<colon]))
        let value = Int32(bytes.count)
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: head[first..<last]))
        fields.append(Field(name: name..<value, value: value..<Int32(bytes.count)))
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
