import Engine
import Testing

/// The error that `text` is refused with, nil when it is accepted.
func refusal(_ text: [UInt8], maximumDepth: Int = JSONScanner.defaultMaximumDepth) -> JSONError? {
    text.withUnsafeBytes { body -> JSONError? in
        do throws(JSONError) {
            try JSONScanner.validate(body, maximumDepth: maximumDepth)
            return nil
        } catch {
            return error
        }
    }
}

func refusal(_ text: String) -> JSONError? { refusal(Array(text.utf8)) }

@Suite struct JSONErrorTests {
    @Test(arguments: [
        ("[1,,2]", JSONError.Kind.unexpectedByte, 3), ("[1 2]", .unexpectedByte, 3), ("{\"a\" 1}", .unexpectedByte, 5),
        ("{\"a\":1,}", .unexpectedByte, 7), ("[1,]", .unexpectedByte, 3), ("{1:2}", .unexpectedByte, 1),
        ("[tru]", .unexpectedByte, 4),
        ("[1}", .unexpectedByte, 2), ("1 2", .trailingContent, 2), ("{}x", .trailingContent, 2),
        ("01", .invalidNumber, 1),
        ("[-a]", .invalidNumber, 2), ("[1.]", .invalidNumber, 3), ("[1e]", .invalidNumber, 3),
        ("[\"\\x\"]", .invalidEscape, 2),
        ("[\"\\u12g4\"]", .invalidEscape, 2), ("[\"\\ud800\"]", .loneSurrogate, 2),
        ("[\"\\udc00\"]", .loneSurrogate, 2),
        ("[\"\\ud800\\u0041\"]", .loneSurrogate, 2), ("[\"a\nb\"]", .controlCharacter, 3),
        ("{\"\\u0000\":1}", .nulInName, 2),
        ("[\u{0}]", .unexpectedByte, 1), ("1\u{0}", .trailingContent, 1),
    ])
    func badInputSaysWhatAndWhere(_ text: String, _ kind: JSONError.Kind, _ offset: Int) {
        let error = refusal(text)
        #expect(error?.kind == kind)
        #expect(error?.offset == offset)
        #expect(error?.isTruncation == false)
    }

    @Test func aTextCutAnywhereIsTruncatedAndNothingElse() {
        let whole = Array(#" {"a\u00e9\ud83d\ude00é😀":[1.5e-3,true,false,null,"x\n",{}],"b":[[]] ,"c":-0.5}"#.utf8)
        #expect(refusal(whole) == nil)
        for count in 0..<whole.count {
            let error = refusal(Array(whole[..<count]))
            #expect(error?.kind == .unexpectedEnd, "\(count): \(String(describing: error))")
            #expect(error?.offset == count)
        }
        for text in [
            "tru", "-", "1.", "1e", "1e+", "\"", "\"\\", "\"\\u00", "\"\\ud83d", "\"\\ud83d\\", "\"\\ud83d\\ude",
        ] {
            #expect(refusal(text)?.kind == .unexpectedEnd, "\(text)")
        }
        for bytes: [UInt8] in [[0x22, 0xC3], [0x22, 0xE6, 0xAC], [0x22, 0xF0, 0x9F, 0x98]] {
            #expect(refusal(bytes)?.kind == .unexpectedEnd)
        }
    }

    @Test(arguments: [
        [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
        [0xF0, 0x8F, 0xBF, 0xBF],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xBF], [0xFF], [0xFE], [0xC3, 0x28],
        [0xE6, 0xAC, 0x41],
        [0xF8, 0x88, 0x80, 0x80, 0x80],
    ])
    func illFormedUTF8IsRefusedAtEveryPlaceInAString(_ bytes: [UInt8]) {
        for before in 0..<20 {
            for after in [0, 1, 9, 17] {
                let text =
                    [0x22] + [UInt8](repeating: 0x61, count: before) + bytes + [UInt8](repeating: 0x62, count: after)
                    + [0x22]
                #expect(refusal(text)?.kind == .invalidUTF8)
                #expect(refusal(text)?.offset == before + 1)
            }
        }
    }

    @Test func theEdgesOfUTF8AreAccepted() {
        for scalar in [
            0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x3FFFF, 0x10FFFF,
        ] {
            let text = Unicode.Scalar(UInt32(scalar)).map { "\"\(Character($0))\"" } ?? ""
            #expect(refusal(text) == nil, "\(scalar)")
        }
    }

    @Test func everyControlCharacterAndSpecialByteIsSeenAtEveryPlaceOfAWord() {
        for byte in UInt8(0)...255 {
            for before in 0..<17 {
                let filler = [UInt8](repeating: 0x7E, count: before)
                let error = refusal([0x22] + filler + [byte] + filler + [0x22])
                switch byte {
                case 0..<0x20: #expect(error?.kind == .controlCharacter && error?.offset == before + 1)
                case 0x22, 0x5C, 0x80...: #expect(error != nil)
                default: #expect(error == nil)
                }
            }
        }
    }

    @Test func lineAndColumnCountCharacters() {
        let error = refusal("{\n  \"é😀\": 1,\n  \"次\": ,\n}")
        #expect(error?.line == 3)
        #expect(error?.column == 8)
        #expect(error?.description == "unexpected ',' at line 3, column 8 (byte 26)")
        #expect(refusal("")?.description == "empty input at line 1, column 1 (byte 0)")
        #expect(refusal("[")?.description == "unexpected end of input at line 1, column 2 (byte 1)")
    }

    @Test func depthIsBoundedWithoutUsingTheStack() {
        func nested(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: 0x5B, count: depth) + [UInt8](repeating: 0x5D, count: depth)
        }
        #expect(refusal(nested(512)) == nil)
        #expect(refusal(nested(513))?.kind == .tooDeep)
        #expect(refusal(nested(513))?.offset == 512)
        #expect(refusal([UInt8](repeating: 0x5B, count: 100_000))?.kind == .tooDeep)
        #expect(refusal(Array(String(repeating: "{\"a\":", count: 100_000).utf8))?.kind == .tooDeep)
        #expect(refusal(nested(3), maximumDepth: 2)?.kind == .tooDeep)
        #expect(refusal(nested(60_000), maximumDepth: 60_000) == nil)
        #expect(throws: JSONError.self) { try values(String(repeating: "[", count: 600), "[*][*].a") }
    }
}
