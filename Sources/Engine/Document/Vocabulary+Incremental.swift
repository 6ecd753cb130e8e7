// What is read again the next time, and what is not.
extension Vocabulary {
    static let incremental: Key = .init(
        "incremental", .object(incrementalObject),
        "Reads only what is new since the last run, by a field that rises: a time or a number. The checkpoint of a run's "
            + "last page, or the state file, is where the next run begins.",
        examples: [
            .object([
                member("field", "created_at"), member("from", "created_at_gte"), member("to", "created_at_lt"),
                member("start", "2024-01-01"), member("step", "1 month"),
            ]), .object([member("field", "updated_at"), member("mode", "newest_first")]),
        ])

    private static let formats =
        "iso (2024-05-17T09:30:00Z), iso_ms, iso_us, date, epoch_s, epoch_ms, epoch_us, or a pattern of strftime's %Y %y %m "
        + "%b %B %d %j %H %I %p %M %S %f %L %s %z %T %F with any text around"

    private static let incrementalObject: ObjectShape = .init(
        title: "Incremental reading",
        description:
            "A run hands over the records from the highest value that any run before has seen, less the look-back, up to "
            + "\"end\". What a run before has handed over and comes again unchanged is left out, by the SHA-256 of its bytes; a "
            + "record that changed comes again. Over parents, each has a highest value of its own. A value beyond the "
            + "time of the run moves the next one no further than there.",
        keys: [
            Key(
                "field", .text(.path), "The field, within a record: what the API's own filter goes by.", required: true,
                examples: [.string("updated_at")]),
            Key("type", .text(.one(of: ["time", "number"])), "What it is.", default: .string("time")),
            Key(
                "format", .choice([.text(.timeFormat), .list(.text(.timeFormat), count: 1...16)]),
                "How records write times, or several ways: \(formats). When absent: ISO texts, and numbers as epoch by "
                    + "their size.", examples: [.string("epoch_ms"), .string("%d/%m/%Y %H:%M")]),
            Key(
                "request_format", .text(.timeFormat),
                "How requests write them. As records do when \"format\" is given, else iso.",
                examples: [.string("date")]),
            Key(
                "zone", .text(.zone),
                "For times without a zone, and for those in requests: \"UTC\", an offset, or a name of the system's database "
                    + "(tzdata, read from $TZDIR or /usr/share/zoneinfo when the document is). With a name, months and days "
                    + "are its calendar's. A time that clocks show twice is taken for the first, one that they leap over as "
                    + "before the leap; so that nothing is lost, no bound lies within such an hour: a start moves to where it "
                    + "begins, an end to where it ends, and what came before unchanged is left out as ever.",
                default: .string("UTC"), examples: [.string("+02:00"), .string("Europe/Berlin")]),
            Key(
                "mode", .text(.one(of: IncrementalPlan.Mode.allCases.map(\.rawValue))),
                "server: the API takes a start. client: it does not, and what is too old is left out here. newest_first: "
                    + "so, too, and the walk stops at the page whose last record is too old. remember: all is "
                    + "read, and only what came before unchanged within the look-back is left out.",
                default: .string(IncrementalPlan.Mode.server.rawValue)),
            bound(
                "from", "the start",
                "Where requests say from when on; {window.start} in a text of the request and {\"window\": \"start\"} are it, "
                    + "too. A text is short for {\"param\": text}.", example: "updated_since", isInclusive: true,
                inclusive:
                    "Whether the API gives records with that very value, as with >=. With false requests say one "
                    + "\"granularity\" less."),
            bound(
                "to", "the end",
                "Where requests say until when; {window.end} and {\"window\": \"end\"}, too.",
                example: "updated_before",
                isInclusive: false,
                inclusive: "Whether the API gives records with that very value, as with <=. They are then left to the "
                    + "next window."),
            Key(
                "start", point,
                "Where the first run begins: a time, a number, \"now - 1 day\", or \"beginning\" for no bound. When absent: "
                    + "\"now - 1 day\" for times in mode server, else \"beginning\".",
                examples: [.string("2024-01-01"), .string("now - 30 days"), .int(1)]),
            Key(
                "end", point,
                "Where a run ends: without it at the time of the run where requests have an end, else nowhere.",
                examples: [.string("now"), .string("now - 5m")]),
            Key(
                "step", .choice([.text(.calendarStep), .integer(1...1_000_000_000_000_000)]),
                "The run goes in windows of that length, one after the other, each with pages of its own. Months and "
                    + "years are the calendar's. All at once when absent.",
                examples: [.string("1d"), .string("1 month"), .int(10_000)]),
            Key(
                "lookback", .choice([.text(.calendarStep), .integer(0...1_000_000_000_000_000)]),
                "How much earlier than the highest value the next run begins, for records that come late. Months and years "
                    + "begin at the start of a day.",
                default: .string("0s"), examples: [.string("1h")]),
            Key(
                "granularity", .duration(Timespan(nanoseconds: 1_000) ... .seconds(366 * 86_400)),
                "The smallest difference of two times for the API. Requests with an inclusive end say so much less; without "
                    + "it they say the end itself, and what is the next window's is left out here.",
                examples: [.string("1s")]),
            Key(
                "sorted", .flag,
                "The API gives records in the rising order of the field. A window that was interrupted is then taken up at "
                    + "the highest value seen instead of at its page, so that no page token has to live that long.",
                default: .bool(false)),
            Key(
                "clip", .flag,
                "Whether records outside the window are left out, which makes windows exact whatever the API's rounding. False "
                    + "where the API's filter goes by something else than the field.", default: .bool(true)),
            Key(
                "at_once", .integer(1...1000), "How many windows are walked at once. Over parents \"over\" says it.",
                default: .int(1)),
        ])

    private static let point = Shape.choice([.line, .number, .object(parameterObject)])

    private static func bound(
        _ name: String, _ what: String, _ description: String, example: String, isInclusive: Bool, inclusive: String
    ) -> Key {
        Key(
            name,
            .choice([
                .text(.line(1...1024)),
                .object(
                    ObjectShape(
                        title: "Place of \(what)", description: "Where requests have \(what), and how.",
                        keys: [
                            Key(
                                "param", .text(.line(1...1024)),
                                "The query parameter that carries it: short for a slot."),
                            Key("slot", .named(slot), "Where it goes in the request. Not url."),
                            Key("format", .text(.timeFormat), "Instead of \"request_format\"."),
                            Key("inclusive", .flag, inclusive, default: .bool(isInclusive)),
                        ], exclusive: slotOrParam)),
            ]), description, examples: [.string(example)])
    }

    static let windowValue: ObjectShape = .init(
        title: "Bound of the window", description: "For streams with \"incremental\".",
        keys: [
            Key(
                "window", .text(.one(of: IncrementalPlan.Side.allCases.map(\.rawValue))), "Which bound.",
                required: true,
                examples: [.string("start")]),
            Key("format", .text(.timeFormat), "Instead of \"request_format\".", examples: [.string("epoch_s")]),
        ])
}
