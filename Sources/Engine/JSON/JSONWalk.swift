/// One scan under way: follows the automaton where something is wanted, skips where not.
///
/// Recursion is as deep as the longest path has steps; everything below is skipped without recursion.
struct JSONWalk {
    let lexer: JSONLexer
    let tables: JSONTables
    var out: JSONMatches
    private var marks: [Mark] = []

    private typealias State = UnsafePointer<JSONAutomaton.State>
    private typealias Transition = UnsafePointer<JSONAutomaton.Transition>

    /// How much a target had found when a container opened.
    private struct Mark {
        var values: Int
        var elements: Int
    }

    init(lexer: JSONLexer, tables: JSONTables, out: JSONMatches) {
        self.lexer = lexer
        self.tables = tables
        self.out = out
    }

    /// The whole body: one value with nothing but space around it. The end, or a failure.
    mutating func document() -> Int {
        var p = 0
        if lexer.isBOM {
            p = 3
            out.skippedPrefix = 3
        }
        p = value(lexer.space(p), JSONAutomaton.start, depth: 0)
        if p < 0 { return p }
        p = lexer.space(p)
        return p == lexer.end ? p : JSONLexer.failure(.trailingContent, p)
    }

    private mutating func value(_ start: Int, _ number: Int32, depth: Int) -> Int {
        guard start < lexer.end else { return JSONLexer.failure(.unexpectedEnd, lexer.end) }
        let state = State(tables.states + Int(number))
        let first = lexer.byte(start)
        let isObject = first == UInt8(ascii: "{")
        if state.pointee.elements { openElements(state, isObject: isObject) }
        let end =
            if isObject && state.pointee.entersObject {
                object(start, state, depth: depth)
            } else if first == UInt8(ascii: "[") && state.pointee.onlyElements >= 0 {
                elements(start, target: Int(state.pointee.onlyElements), depth: depth)
            } else if first == UInt8(ascii: "[") && state.pointee.entersArray {
                array(start, state, depth: depth)
            } else {
                lexer.skip(start, depth: depth)
            }
        if end >= 0 && state.pointee.outputs.lower < state.pointee.outputs.upper {
            emit(state, JSONSpan(start, end, firstByte: first))
        }
        return end
    }

    // MARK: Containers

    private mutating func object(_ start: Int, _ state: State, depth: Int) -> Int {
        // A copy that calls on self cannot change: its members stay in registers.
        let lexer = lexer
        guard depth < lexer.maximumDepth else { return JSONLexer.failure(.tooDeep, start) }
        let mark = pushMarks(state)
        var members =
            state.pointee.wildcards.lower < state.pointee.wildcards.upper
            ? JSONWildcardMembers(tables.marked, state.pointee.wildcards) : nil
        var p = lexer.space(start &+ 1)
        if p < lexer.end && lexer.byte(p) == UInt8(ascii: "}") {
            popMarks(to: mark)
            return p &+ 1
        }
        while true {
            guard p < lexer.end && lexer.byte(p) == UInt8(ascii: "\"") else { return lexer.unexpected(p) }
            let name = p &+ 1
            p = lexer.plain(name)
            let isPlain = p < lexer.end && lexer.byte(p) == UInt8(ascii: "\"")
            p = isPlain ? p &+ 1 : lexer.name(name)
            if p < 0 { return p }
            let nameEnd = p &- 1
            p = lexer.space(p)
            guard p < lexer.end && lexer.byte(p) == UInt8(ascii: ":") else { return lexer.unexpected(p) }
            p = lexer.space(p &+ 1)
            let next = transition(state, name, nameEnd, isPlain: isPlain)
            if next.pointee.state == JSONAutomaton.dead {
                p = lexer.skip(p, depth: depth &+ 1)
            } else {
                if next.pointee.resets.lower < next.pointee.resets.upper { reset(next.pointee.resets, state, mark) }
                members?.begin(name: name..<nameEnd, out)
                p = value(p, next.pointee.state, depth: depth &+ 1)
            }
            if p < 0 { return p }
            p = lexer.space(p)
            guard p < lexer.end else { return JSONLexer.failure(.unexpectedEnd, lexer.end) }
            let byte = lexer.byte(p)
            if byte == UInt8(ascii: ",") {
                p = lexer.space(p &+ 1)
            } else if byte == UInt8(ascii: "}") {
                members?.end(lexer, &out)
                popMarks(to: mark)
                return p &+ 1
            } else {
                return lexer.unexpected(p)
            }
        }
    }

    private mutating func array(_ start: Int, _ state: State, depth: Int) -> Int {
        guard depth < lexer.maximumDepth else { return JSONLexer.failure(.tooDeep, start) }
        let mark = pushMarks(state)
        var p = lexer.space(start &+ 1)
        if p < lexer.end && lexer.byte(p) == UInt8(ascii: "]") {
            popMarks(to: mark)
            return p &+ 1
        }
        var index: Int32 = 0
        while true {
            guard p < lexer.end else { return JSONLexer.failure(.unexpectedEnd, lexer.end) }
            let next = transition(state, index: index)
            let element = p
            let first = lexer.byte(p)
            if state.pointee.elements { openElement(state) }
            if next.pointee.resets.lower < next.pointee.resets.upper { reset(next.pointee.resets, state, mark) }
            p =
                next.pointee.state == JSONAutomaton.dead
                ? lexer.skip(p, depth: depth &+ 1) : value(p, next.pointee.state, depth: depth &+ 1)
            if p < 0 { return p }
            if state.pointee.elements { closeElement(state, JSONSpan(element, p, firstByte: first)) }
            index &+= 1
            p = lexer.space(p)
            guard p < lexer.end else { return JSONLexer.failure(.unexpectedEnd, lexer.end) }
            let byte = lexer.byte(p)
            if byte == UInt8(ascii: ",") {
                p = lexer.space(p &+ 1)
            } else if byte == UInt8(ascii: "]") {
                popMarks(to: mark)
                return p &+ 1
            } else {
                return lexer.unexpected(p)
            }
        }
    }

    /// The commonest array by far: a list of records of which only the ranges are wanted.
    private mutating func elements(_ start: Int, target: Int, depth: Int) -> Int {
        guard depth < lexer.maximumDepth else { return JSONLexer.failure(.tooDeep, start) }
        // Held here while it grows, so that each append is only that.
        var spans: [JSONSpan] = []
        swap(&spans, &out.found[target].elements)
        let end = lexer.eachElement(start, depth: depth &+ 1) { start, end in
            spans.append(JSONSpan(start, end, firstByte: lexer.byte(start)))
        }
        swap(&spans, &out.found[target].elements)
        return end
    }

    // MARK: Steps

    /// Where the member with the name at `name..<end` leads.
    @inline(__always) private func transition(
        _ state: State, _ name: Int, _ end: Int, isPlain: Bool
    ) -> Transition {
        if state.pointee.members.lower < state.pointee.members.upper {
            if isPlain {
                if let found = find(state, name, end &- name) { return found }
            } else if let found = findUnescaped(state, name, end) {
                return found
            }
        }
        return Transition(tables.transitions + Int(state.pointee.anyMember))
    }

    @inline(__always) private func transition(_ state: State, index: Int32) -> Transition {
        var i = Int(state.pointee.indices.lower)
        while i < Int(state.pointee.indices.upper) {
            if tables.transitions[i].name.lower == index { return Transition(tables.transitions + i) }
            i &+= 1
        }
        return Transition(tables.transitions + Int(state.pointee.anyElement))
    }

    @inline(__always) private func find(_ state: State, _ name: Int, _ count: Int) -> Transition? {
        let word = lexer.nameWord(name, count)
        var i = Int(state.pointee.members.lower)
        while i < Int(state.pointee.members.upper) {
            let candidate = Transition(tables.transitions + i)
            if candidate.pointee.word == word, isName(candidate, lexer.base + name, count) { return candidate }
            i &+= 1
        }
        return nil
    }

    /// Escapes are rare in names, and undone only where something may match.
    @inline(never) private func findUnescaped(_ state: State, _ name: Int, _ end: Int) -> Transition? {
        lexer.unescape(name, end).withUnsafeBytes { plain in
            guard let base = plain.baseAddress else { return find(state, name, 0) }
            var i = Int(state.pointee.members.lower)
            while i < Int(state.pointee.members.upper) {
                let candidate = Transition(tables.transitions + i)
                if isName(candidate, base, plain.count) { return candidate }
                i &+= 1
            }
            return nil
        }
    }

    @inline(__always) private func isName(_ candidate: Transition, _ name: UnsafeRawPointer, _ count: Int) -> Bool {
        let known = tables.names + Int(candidate.pointee.name.lower)
        guard Int(candidate.pointee.name.upper &- candidate.pointee.name.lower) == count else { return false }
        var k = 0
        while k < count {
            if known[k] != name.load(fromByteOffset: k, as: UInt8.self) { return false }
            k &+= 1
        }
        return true
    }

    // MARK: Finding and taking back

    private mutating func emit(_ state: State, _ span: JSONSpan) {
        if span.kind == .object {
            var i = Int(state.pointee.whole.lower)
            while i < Int(state.pointee.whole.upper) {
                out.found[Int(tables.outputs[i].target)].setField(Int(tables.outputs[i].field), span)
                i &+= 1
            }
        }
        var i = state.pointee.outputs.lower
        while i < state.pointee.outputs.upper {
            let output = tables.outputs[Int(i)]
            let target = Int(output.target)
            if output.field >= 0 {
                out.found[target].setField(Int(output.field), span)
            } else {
                if output.elements && span.kind == .object { out.found[target].elements.append(span) }
                let lower = output.elements ? out.found[target].open : 0
                let upper = output.elements ? out.found[target].elements.count : 0
                out.found[target].values.append(JSONMatches.Match(span: span, elements: lower..<max(lower, upper)))
            }
            i &+= 1
        }
    }

    private mutating func openElements(_ state: State, isObject: Bool) {
        eachElementTarget(state) { found in
            found.open = found.elements.count
            if isObject { found.appendMissingFields() }
        }
    }

    private mutating func openElement(_ state: State) {
        eachElementTarget(state) { $0.appendMissingFields() }
    }

    private mutating func closeElement(_ state: State, _ span: JSONSpan) {
        eachElementTarget(state) { $0.elements.append(span) }
    }

    @inline(__always) private mutating func eachElementTarget(
        _ state: State, _ body: (inout JSONMatches.Found) -> Void
    ) {
        var i = state.pointee.outputs.lower
        while i < state.pointee.outputs.upper {
            let output = tables.outputs[Int(i)]
            if output.elements { body(&out.found[Int(output.target)]) }
            i &+= 1
        }
    }

    private mutating func pushMarks(_ state: State) -> Int {
        let lower = marks.count
        var i = state.pointee.marked.lower
        while i < state.pointee.marked.upper {
            let target = Int(tables.marked[Int(i)])
            marks.append(Mark(values: out.found[target].values.count, elements: out.found[target].elements.count))
            i &+= 1
        }
        return lower
    }

    private mutating func popMarks(to lower: Int) {
        if marks.count > lower { marks.removeSubrange(lower...) }
    }

    /// A step that stands for one value came by again: forget what it gave before in this container.
    private mutating func reset(_ resets: JSONAutomaton.Slice, _ state: State, _ mark: Int) {
        var i = resets.lower
        while i < resets.upper {
            let output = tables.outputs[Int(i)]
            let target = Int(output.target)
            if output.field >= 0 {
                out.found[target].setField(Int(output.field), .missing)
            } else {
                var k = state.pointee.marked.lower
                while k < state.pointee.marked.upper {
                    if tables.marked[Int(k)] == output.target {
                        let known = marks[mark &+ Int(k &- state.pointee.marked.lower)]
                        out.found[target].truncate(values: known.values, elements: known.elements)
                    }
                    k &+= 1
                }
            }
            i &+= 1
        }
    }
}
