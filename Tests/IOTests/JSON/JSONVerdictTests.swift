import CJansson
import Engine
import Testing

/// jansson's verdict on a text, with nothing of this package in between.
func janssonAccepts(_ bytes: [UInt8]) -> Bool { janssonVerdict(bytes) == nil }

/// Nil when accepted, else jansson's error code.
func janssonVerdict(_ bytes: [UInt8]) -> Int32? {
    bytes.withUnsafeBufferPointer { text -> Int32? in
        text.withMemoryRebound(to: CChar.self) { text -> Int32? in
            var error = json_error_t()
            let flags = Int(JSON_DECODE_ANY) | Int(JSON_ALLOW_NUL)
            guard let root = json_loadb(text.baseAddress, text.count, flags, &error) else {
                return penstock_json_error_code(&error)
            }
            json_decref(root)
            return nil
        }
    }
}

func scannerAccepts(_ bytes: [UInt8]) -> Bool { scannerError(bytes) == nil }

func scannerError(_ bytes: [UInt8]) -> JSONError? {
    bytes.withUnsafeBufferPointer { text -> JSONError? in
        do throws(JSONError) {
            try JSONScanner.validate(UnsafeRawBufferPointer(text))
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct JSONVerdictTests {
    /// Every file on which scanner and jansson differ, and why. One that is missing here fails, and so does one
    /// that no longer differs.
    static let differences: [String: String] = [
        // Numbers: the scanner holds to the grammar alone, because record bytes pass through untouched.
        "i_number_huge_exp.json": "number beyond double",
        "i_number_neg_int_huge_exp.json": "number beyond double",
        "i_number_pos_double_huge_exp.json": "number beyond double",
        "i_number_real_neg_overflow.json": "number beyond double",
        "i_number_real_pos_overflow.json": "number beyond double",
        "i_number_too_big_neg_int.json": "number beyond int64",
        "i_number_too_big_pos_int.json": "number beyond int64",
        "i_number_very_big_negative_int.json": "number beyond int64",
        "number_-9223372036854775809.json": "number beyond int64",
        "number_10000000000000000999.json": "number beyond int64",
        "number_9223372036854775808.json": "number beyond int64",
        // jansson drops a NUL that follows a number; the scanner refuses NUL everywhere.
        "n_multidigit_number_then_00.json": "NUL after a number",
        // jansson refuses a byte order mark; the scanner skips it.
        "i_structure_UTF-8_BOM_empty_object.json": "UTF-8 BOM",
    ]

    @Test(.enabled(if: Vectors.hasJSONSuite, "JSONTestSuite is not beside this checkout"))
    func theSuiteGetsJanssonsVerdictButForTheWrittenDifferences() throws {
        var found: Set<String> = []
        var count = 0
        for folder in ["test_parsing", "test_transform"] {
            for name in Vectors.files(in: "\(Vectors.jsonSuite)/\(folder)") {
                let bytes = try #require(Vectors.bytes(of: "\(Vectors.jsonSuite)/\(folder)/\(name)"))
                count += 1
                if scannerAccepts(bytes) != janssonAccepts(bytes) { found.insert(name) }
            }
        }
        #expect(count > 300)
        #expect(found.sorted() == Self.differences.keys.sorted())
    }

    @Test(.enabled(if: Vectors.hasJSONSuite, "JSONTestSuite is not beside this checkout"))
    func theSuiteGetsItsOwnVerdictButForTheWrittenDifferences() throws {
        // Accepted by RFC 8259, refused here and by jansson: a name with an escaped NUL.
        let refused: Set<String> = ["y_object_escaped_null_in_key.json"]
        for name in Vectors.files(in: "\(Vectors.jsonSuite)/test_parsing") {
            let bytes = try #require(Vectors.bytes(of: "\(Vectors.jsonSuite)/test_parsing/\(name)"))
            if name.hasPrefix("y_") { #expect(scannerAccepts(bytes) != refused.contains(name), "\(name)") }
            if name.hasPrefix("n_") { #expect(!scannerAccepts(bytes), "\(name)") }
        }
    }
}
