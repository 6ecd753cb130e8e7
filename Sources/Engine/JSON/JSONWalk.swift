/// One scan under way: follows the automaton where something is wanted, skips where not.
///
/// Recursion is as deep as the longest path has steps; everything below is skipped without recursion.
struct JSONWalk {
    let lexer: JSONLexer
    let automaton: JSONAutomaton
    var out: JSONMatches
    private var marks: [Mark] = []

    /// How much a target had found when a container opened.
    private struct Mark {
        var values: Int
        var elements: Int
    }

    init(lexer: JSONLexer, automaton: JSONAutomaton, out: JSONMatches) {
        self.lexer = lexer
        self.automaton = automaton
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
        let state = automaton.states[Int(number)]
        let first = lexer.byte(start)
        let isObject = first == UInt8(ascii: "{")
        if state.elements { openElements(state, isObject: isObject) }
        let end =
            if isObject && state.entersObject {
                object(start, state, depth: depth)
            } else if first == UInt8(ascii: "[") && state.entersArray {
                array(start, state, depth: depth)
            } else {
                lexer.skip(start, depth: depth)
            }
        if end >= 0 && state.outputs.lower < state.outputs.upper {
            emit(state, JSONSpan(start, end, firstByte: first))
        }
        return end
    }

    // MARK: Containers

    private mutating func object(_ start: Int, _ state: JSONAutomaton.State, depth: Int) -> Int {
        guard depth < lexer.maximumDepth else { return JSONLexer.failure(.tooDeep, start) }
        let mark = pushMarks(state)
        var members =
            state.wildcards.lower < state.wildcards.upper
            ? JSONWildcardMembers(automaton.marked[Int(state.wildcards.lower)..<Int(state.wildcards.upper)]) : nil
        var p = lexer.space(start &+ 1)
        if p < lexer.end && lexer.byte(p) == UInt8(ascii: "}") {
            popMarks(to: mark)
            return p &+ 1
        }
        while true {
            guard p < lexer.end && lexer.byte(p) == UInt8(ascii: "\"") else { return lexer.unexpected(p) }
            let name = p &+ 1
            p = lexer.name(name)
            if p < 0 { return p }
            let nameEnd = p &- 1
            p = lexer.space(p)
            guard p < lexer.end && lexer.byte(p) == UInt8(ascii: ":") else { return lexer.unexpected(p) }
            p = lexer.space(p &+ 1)
            let next = transition(state, name, nameEnd)
            if next.state == JSONAutomaton.dead {
                p = lexer.skip(p, depth: depth &+ 1)
            } else {
                if next.resets.lower < next.resets.upper { reset(next.resets, state, mark) }
                members?.begin(name: name..<nameEnd, out)
                p = value(p, next.state, depth: depth &+ 1)
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

    private mutating func array(_ start: Int, _ state: JSONAutomaton.State, depth: Int) -> Int {
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
            var next = state.anyElement
            var i = state.indices.lower
            while i < state.indices.upper {
                let chosen = automaton.transitions[Int(i)]
                if chosen.name.lower == index { next = chosen }
                i &+= 1
            }
            let element = p
            let first = lexer.byte(p)
            if state.elements { openElement(state) }
            if next.resets.lower < next.resets.upper { reset(next.resets, state, mark) }
            p =
                next.state == JSONAutomaton.dead
                ? lexer.skip(p, depth: depth &+ 1) : value(p, next.state, depth: depth &+ 1)
            if p < 0 { return p }
            if state.elements { closeElement(state, JSONSpan(element, p, firstByte: first)) }
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

    /// Where the member with the name at `name..<end` leads.
    @inline(__always) private func transition(
        _ state: JSONAutomaton.State, _ name: Int, _ end: Int
    ) -> JSONAutomaton.Transition {
        if let found = find(state, lexer.base + name, end &- name) { return found }
        if state.members.lower < state.members.upper, lexer.contains(UInt8(ascii: "\\"), name, end) {
            // Escapes are rare in names: undone only when something may match.
            let plain = lexer.unescape(name, end)
            let found = plain.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap { find(state, $0, bytes.count) }
            }
            if let found { return found }
        }
        return state.anyMember
    }

    @inline(__always) private func find(
        _ state: JSONAutomaton.State, _ name: UnsafeRawPointer, _ count: Int
    ) -> JSONAutomaton.Transition? {
        var i = state.members.lower
        while i < state.members.upper {
            let candidate = automaton.transitions[Int(i)]
            let lower = Int(candidate.name.lower)
            if Int(candidate.name.upper) &- lower == count {
                var k = 0
                while k < count && automaton.nameBytes[lower &+ k] == name.load(fromByteOffset: k, as: UInt8.self) {
                    k &+= 1
                }
                if k == count { return candidate }
            }
            i &+= 1
        }
        return nil
    }

    // MARK: Finding and taking back

    private mutating func emit(_ state: JSONAutomaton.State, _ span: JSONSpan) {
        var i = state.outputs.lower
        while i < state.outputs.upper {
            let output = automaton.outputs[Int(i)]
            let target = Int(output.target)
            if output.field >= 0 {
                out.found[target].setField(Int(output.field), span)
            } else {
                if output.elements && span.kind == .object {
                    let fields = automaton.targets[target].fields
                    for field in fields.indices where fields[field].steps.isEmpty {
                        out.found[target].setField(field, span)
                    }
                    out.found[target].elements.append(span)
                }
                let lower = output.elements ? out.found[target].open : 0
                let upper = output.elements ? out.found[target].elements.count : 0
                out.found[target].values.append(JSONMatches.Match(span: span, elements: lower..<max(lower, upper)))
            }
            i &+= 1
        }
    }

    private mutating func openElements(_ state: JSONAutomaton.State, isObject: Bool) {
        eachElementTarget(state) { found in
            found.open = found.elements.count
            if isObject { found.appendMissingFields() }
        }
    }

    private mutating func openElement(_ state: JSONAutomaton.State) {
        eachElementTarget(state) { $0.appendMissingFields() }
    }

    private mutating func closeElement(_ state: JSONAutomaton.State, _ span: JSONSpan) {
        eachElementTarget(state) { $0.elements.append(span) }
    }

    @inline(__always) private mutating func eachElementTarget(
        _ state: JSONAutomaton.State, _ body: (inout JSONMatches.Found) -> Void
    ) {
        var i = state.outputs.lower
        while i < state.outputs.upper {
            let output = automaton.outputs[Int(i)]
            if output.elements { body(&out.found[Int(output.target)]) }
            i &+= 1
        }
    }

    private mutating func pushMarks(_ state: JSONAutomaton.State) -> Int {
        let lower = marks.count
        var i = state.marked.lower
        while i < state.marked.upper {
            let target = Int(automaton.marked[Int(i)])
            marks.append(Mark(values: out.found[target].values.count, elements: out.found[target].elements.count))
            i &+= 1
        }
        return lower
    }

    private mutating func popMarks(to lower: Int) {
        if marks.count > lower { marks.removeSubrange(lower...) }
    }

    /// A step that stands for one value came by again: forget what it gave before in this container.
    private mutating func reset(_ resets: JSONAutomaton.Slice, _ state: JSONAutomaton.State, _ mark: Int) {
        var i = resets.lower
        while i < resets.upper {
            let output = automaton.outputs[Int(i)]
            let target = Int(output.target)
            if output.field >= 0 {
                out.found[target].setField(Int(output.field), .missing)
            } else {
                var k = state.marked.lower
                while k < state.marked.upper {
                    if automaton.marked[Int(k)] == output.target {
                        let known = marks[mark &+ Int(k &- state.marked.lower)]
                        out.found[target].truncate(values: known.values, elements: known.elements)
                    }
                    k &+= 1
                }
            }
            i &+= 1
        }
    }
}
