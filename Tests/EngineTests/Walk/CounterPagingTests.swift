import Engine
import EngineTestKit
import Testing

/// Page numbers and offsets.
@Suite struct CounterPagingTests {
    static func stream(
        _ style: PagingPlan.Style, size: Int64? = nil, _ change: (inout PagingPlan) throws -> Void = { _ in }
    ) throws -> Stream {
        var stream = try Make.stream(style)
        if let size { stream.paging.size = PagingPlan.Size(slot: .query("limit"), value: size) }
        try change(&stream.paging)
        return stream
    }

    static func data(_ first: Int, _ count: Int, _ more: String = "") -> Reply {
        .json("{\"data\":\(Make.list(first, count))\(more.isEmpty ? "" : "," + more)}")
    }

    // MARK: stop rules alone

    @Test func pageEndsAtAnEmptyPage() throws {
        let world = try World.walk(
            Self.stream(Make.page()), [Self.data(0, 3), Self.data(3, 3), Self.data(6, 0)])
        #expect(world.succeeded)
        #expect(world.targets == ["/v1/things?page=1", "/v1/things?page=2", "/v1/things?page=3"])
        #expect(world.records == (0..<6).map(String.init))
        #expect(world.pages.map(\.facts.hasMore) == [true, true, false])
        #expect(world.pages.map(\.facts.index) == [0, 1, 2])
    }

    @Test func zeroBasedPagesCountFromZero() throws {
        let world = try World.walk(Self.stream(Make.page(0)), [Self.data(0, 1), Self.data(1, 0)])
        #expect(world.targets == ["/v1/things?page=0", "/v1/things?page=1"])
        #expect(world.succeeded)
    }

    @Test func pageEndsAtAShortPageAfterTheFirst() throws {
        let world = try World.walk(
            Self.stream(Make.page(), size: 3), [Self.data(0, 3), Self.data(3, 2)])
        #expect(world.succeeded)
        #expect(world.targets == ["/v1/things?limit=3&page=1", "/v1/things?limit=3&page=2"])
        #expect(world.records.count == 5)
    }

    @Test func offsetCountsRecordsReceived() throws {
        let world = try World.walk(
            Self.stream(Make.offset(), size: 3), [Self.data(0, 3), Self.data(3, 3), Self.data(6, 1)])
        #expect(world.succeeded)
        #expect(
            world.targets == [
                "/v1/things?limit=3&offset=0", "/v1/things?limit=3&offset=3", "/v1/things?limit=3&offset=6",
            ])
    }

    @Test func firstCounterStaysAwayWhenNotWanted() throws {
        let world = try World.walk(
            Self.stream(Make.page(0), size: 2) { $0.sendFirst = false }, [Self.data(0, 2), Self.data(2, 1)])
        #expect(world.targets == ["/v1/things?limit=2", "/v1/things?limit=2&page=1"])
        #expect(world.succeeded)
    }

    struct StopCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout PagingPlan) throws -> Void
        /// What each page says besides its three records.
        var pages: [String]
        init(_ name: String, _ pages: [String], _ change: @escaping @Sendable (inout PagingPlan) throws -> Void) {
            testDescription = name
            self.pages = pages
            self.change = change
        }
    }

    static let stops: [StopCase] = [
        StopCase("flag false", ["\"more\":true", "\"more\":false"]) { $0.hasMore = try Make.body("more") },
        StopCase("flag 0", ["\"more\":1", "\"more\":0"]) { $0.hasMore = try Make.body("more") },
        StopCase("flag as text", ["\"more\":\"true\"", "\"more\":\"False\""]) { $0.hasMore = try Make.body("more") },
        StopCase("flag empty text", ["\"more\":\"yes\"", "\"more\":\"\""]) { $0.hasMore = try Make.body("more") },
        StopCase("total reached", ["\"total\":6", "\"total\":6"]) { $0.total = try Make.body("total") },
        StopCase("total as text", ["\"total\":\"6\"", "\"total\":\"6\""]) { $0.total = try Make.body("total") },
        StopCase("total on the first page only", ["\"total\":6", ""]) { $0.total = try Make.body("total") },
        StopCase("last page", ["\"last\":2", "\"last\":2"]) { $0.lastPage = try Make.body("last") },
        StopCase("last page as text", ["\"last\":\"2\"", "\"last\":\"2\""]) { $0.lastPage = try Make.body("last") },
        StopCase("number of pages", ["\"pages\":2", "\"pages\":2"]) { $0.totalPages = try Make.body("pages") },
        StopCase("max pages", ["", ""]) { $0.maxPages = 2 },
        StopCase("max records at a boundary", ["", ""]) { $0.maxRecords = 6 },
        StopCase("flag says more, total is reached", ["\"more\":true,\"total\":6", "\"more\":true,\"total\":6"]) {
            $0.hasMore = try Make.body("more")
            $0.total = try Make.body("total")
        },
        StopCase("total says more, flag is false", ["\"more\":true,\"total\":60", "\"more\":false,\"total\":60"]) {
            $0.hasMore = try Make.body("more")
            $0.total = try Make.body("total")
        },
        StopCase("everything says more, max pages", ["\"more\":true,\"total\":60", "\"more\":true,\"total\":60"]) {
            $0.hasMore = try Make.body("more")
            $0.total = try Make.body("total")
            $0.maxPages = 2
        },
    ]

    @Test(arguments: stops) func anyRuleEndsTheWalk(_ example: StopCase) throws {
        for style in [Make.page(), Make.offset()] {
            if case .offset = style, example.testDescription.contains("page"), !example.testDescription.contains("max")
            {
                if !example.testDescription.contains("first") { continue }
            }
            let stream = try Self.stream(style, size: 3, example.change)
            let replies = example.pages.enumerated().map { Self.data($0.offset * 3, 3, $0.element) }
            let world = try World.walk(stream, replies)
            #expect(world.succeeded, "\(String(describing: world.failure?.message)) \(world.violations)")
            #expect(world.records == (0..<6).map(String.init))
        }
    }

    @Test func zeroBasedNumberOfPagesIsNotOneTooMany() throws {
        let world = try World.walk(
            Self.stream(Make.page(0)) { $0.totalPages = try Make.body("pages") },
            [Self.data(0, 3, "\"pages\":2"), Self.data(3, 3, "\"pages\":2")])
        #expect(world.succeeded)
        #expect(world.sent.count == 2)
    }

    @Test func maxRecordsCutsThePage() throws {
        let world = try World.walk(
            Self.stream(Make.page(), size: 3) { $0.maxRecords = 4 }, [Self.data(0, 3), Self.data(3, 3)])
        #expect(world.succeeded)
        #expect(world.records == ["0", "1", "2", "3"])
        #expect(world.pages.last?.facts.recordArray == nil)
    }

    // MARK: the server's word before guesses

    @Test func shortPageDoesNotEndTheWalkWhenTheServerSaysMore() throws {
        let rules: [(String, (inout PagingPlan) throws -> Void)] = [
            ("\"more\":true", { $0.hasMore = try Make.body("more") }),
            ("\"total\":6", { $0.total = try Make.body("total") }),
            ("\"last\":3", { $0.lastPage = try Make.body("last") }),
            ("\"pages\":3", { $0.totalPages = try Make.body("pages") }),
        ]
        for (says, change) in rules {
            let last = says == "\"more\":true" ? "\"more\":false" : says
            let world = try World.walk(
                Self.stream(Make.page(), size: 3, change),
                [Self.data(0, 3, says), Self.data(3, 1, says), Self.data(4, 2, last)])
            #expect(world.succeeded, "\(says)")
            #expect(world.records.count == 6, "\(says)")
        }
    }

    /// The first page is short because of the server's largest size, and the word that more follows comes late.
    @Test func theServersWordCountsOnTheSecondPageToo() throws {
        let world = try World.walk(
            Self.stream(Make.page(), size: 10) { $0.hasMore = try Make.body("more") },
            [Self.data(0, 3), Self.data(3, 2, "\"more\":true"), Self.data(5, 3, "\"more\":false")])
        #expect(world.succeeded)
        #expect(world.records.count == 8)
    }

    @Test func shortPageEndsTheWalkWhenTheDocumentSaysSo() throws {
        let world = try World.walk(
            Self.stream(Make.page(), size: 3) {
                $0.hasMore = try Make.body("more")
                $0.stopOnShortPage = true
            }, [Self.data(0, 2, "\"more\":true")])
        #expect(world.succeeded)
        #expect(world.records.count == 2)
    }

    @Test func nothingIsLostWhenTheServerCapsThePageSize() throws {
        for style in [Make.page(), Make.offset()] {
            let world = try World.walk(
                Self.stream(style, size: 1000),
                [Self.data(0, 100), Self.data(100, 100), Self.data(200, 100), Self.data(300, 42)])
            #expect(world.succeeded)
            #expect(world.records == (0..<342).map(String.init))
            #expect(world.warnings == ["100 records though 1000 were asked for: taken as the server's page size"])
        }
    }

    @Test func pagesLargerThanAskedAreTakenWhole() throws {
        let world = try World.walk(
            Self.stream(Make.offset(), size: 2), [Self.data(0, 5), Self.data(5, 5), Self.data(10, 1)])
        #expect(world.succeeded)
        #expect(world.records.count == 11)
        #expect(world.targets.last == "/v1/things?limit=2&offset=10")
    }

    // MARK: empty pages

    @Test func emptyPageInTheMiddleIsPassedOverWhenAskedFor() throws {
        let replies = [Self.data(0, 3), Self.data(0, 0), Self.data(0, 0), Self.data(3, 3), Self.data(0, 0)]
        let end = [Self.data(0, 0), Self.data(0, 0)]
        let patient = try World.walk(
            Self.stream(Make.page(), size: 3) { $0.toleratedEmptyPages = 2 }, replies + end)
        #expect(patient.succeeded)
        #expect(patient.records.count == 6)
        #expect(patient.sent.count == 7)
        let offset = try World.walk(
            Self.stream(Make.offset(), size: 3) { $0.toleratedEmptyPages = 2 }, replies + end)
        #expect(offset.targets.prefix(4).last == "/v1/things?limit=3&offset=9")
        let hasty = try World.walk(Self.stream(Make.page(), size: 3), replies)
        #expect(hasty.succeeded)
        #expect(hasty.records.count == 3)
    }

    @Test func emptyFirstPageIsAnEmptyStream() throws {
        for style in [Make.page(), Make.offset()] {
            let world = try World.walk(Self.stream(style, size: 10), [Self.data(0, 0)])
            #expect(world.succeeded)
            #expect(world.pages.count == 1)
            #expect(world.records.isEmpty)
        }
    }

    @Test func emptyPageAgainstTheServersWordIsSaidAloud() throws {
        let world = try World.walk(
            Self.stream(Make.page()) { $0.hasMore = try Make.body("more") }, [Self.data(0, 0, "\"more\":true")])
        #expect(world.succeeded)
        #expect(world.warnings == ["the page is empty though has_more is true"])
    }

    // MARK: odd metadata

    @Test func unusableMetadataLeavesTheOtherRulesAndIsSaidOnce() throws {
        let cases = [
            ("", "total is missing: the other stop rules decide"),
            ("\"total\":null", "total is null: the other stop rules decide"),
            ("\"total\":{\"value\":9}", "total is not usable (object): the other stop rules decide"),
            ("\"total\":\"many\"", "total is not usable (string): the other stop rules decide"),
            ("\"total\":-1", "total is not usable (number): the other stop rules decide"),
            ("\"total\":99999999999999999999", "total is not usable (number): the other stop rules decide"),
        ]
        for (says, warning) in cases {
            let world = try World.walk(
                Self.stream(Make.page()) { $0.total = try Make.body("total") },
                [Self.data(0, 2, says), Self.data(2, 2, says), Self.data(4, 0, says)])
            #expect(world.succeeded, "\(says)")
            #expect(world.records.count == 4, "\(says)")
            #expect(world.warnings == [warning])
        }
    }

    @Test func nullFlagIsNoWordAtAll() throws {
        let world = try World.walk(
            Self.stream(Make.page()) { $0.hasMore = try Make.body("more") },
            [Self.data(0, 2, "\"more\":null"), Self.data(2, 2, "\"more\":null"), Self.data(4, 0, "\"more\":null")])
        #expect(world.succeeded)
        #expect(world.records.count == 4)
        #expect(world.warnings == ["has_more is null: the other stop rules decide"])
    }

    @Test func shrinkingTotalIsFollowedAndSaidAloud() throws {
        let world = try World.walk(
            Self.stream(Make.offset(), size: 3) { $0.total = try Make.body("total") },
            [Self.data(0, 3, "\"total\":9"), Self.data(3, 3, "\"total\":6")])
        #expect(world.succeeded)
        #expect(world.records.count == 6)
        #expect(
            world.warnings == [
                "total went down from 9 to 6 during the walk",
                "expected 9 records by the server's highest total, received 6: the data may have shifted during the walk",
            ])
    }

    /// A total below what has come already is no total: some servers put the page's own count there, or zero.
    @Test func totalBelowWhatCameIsNotBelieved() throws {
        for says in ["\"total\":0", "\"total\":2"] {
            let world = try World.walk(
                Self.stream(Make.offset(), size: 3) { $0.total = try Make.body("total") },
                [Self.data(0, 3, says), Self.data(3, 3, says), Self.data(6, 1, says)])
            #expect(world.succeeded, "\(says)")
            #expect(world.records.count == 7, "\(says)")
            #expect(world.warnings.count == 1, "\(world.warnings)")
        }
    }

    // MARK: pages that nobody promised

    @Test func probedPageThatDoesNotExistEndsTheWalk() throws {
        for status in [400, 404, 416, 422] {
            let world = try World.walk(Self.stream(Make.page(), size: 100), [Self.data(0, 37), .status(status)])
            #expect(world.succeeded, "\(status)")
            #expect(world.records.count == 37)
            #expect(world.discards == 1)
        }
    }

    @Test func pageThatTheServerPromisedMustExist() throws {
        let world = try World.walk(
            Self.stream(Make.page(), size: 100) { $0.hasMore = try Make.body("more") },
            [Self.data(0, 37, "\"more\":true"), .status(404)])
        #expect(world.failure?.httpStatus == 404)
        #expect(world.failure?.page == 1)
        #expect(world.failure?.stream == "things")
    }

    /// Many servers answer 404 behind the last page. A full page promises nothing, so only the document can say that
    /// this is the end and not a failure in the middle.
    @Test func missingPageBehindAFullOneEndsTheWalkWhereTheDocumentSaysSo() throws {
        for style in [Make.page(), Make.offset()] {
            let pages: [Reply] = [Self.data(0, 3), Self.data(3, 3), .status(404)]
            let silent = try World.walk(Self.stream(style, size: 3), pages)
            #expect(silent.failure?.httpStatus == 404)
            #expect(silent.failure?.message.hasSuffix("say \"end_statuses\": [404])") == true)
            let told = try Self.stream(style, size: 3) { $0.endStatuses = [404] }
            let world = try World.walk(told, pages)
            #expect(world.succeeded)
            #expect(world.records.count == 6)
            // The first page must exist.
            #expect(try World.walk(told, [.status(404)]).failure?.httpStatus == 404)
        }
    }

    /// A short first page is all there is, and the server answers every page number with it.
    @Test func probedPageThatRepeatsTheFirstEndsTheWalk() throws {
        let world = try World.walk(
            Self.stream(Make.page(), size: 100), [Self.data(0, 37), Self.data(0, 37)])
        #expect(world.succeeded, "\(String(describing: world.failure?.message))")
        #expect(world.records.count == 37)
        #expect(world.warnings.last?.contains("repeats") == true)
    }
}
