internal import CSQLite
internal import Engine

/// A database connection, as much of one as the state needs. Not for two threads at once.
final class SQLite {
    enum Value {
        case text(String)
        case int(Int64)
        case null
    }

    private var handle: OpaquePointer?
    /// By their text: to prepare one takes longer than to run it.
    private var statements: [String: OpaquePointer] = [:]
    private let path: String

    init(path: String) throws(Failure) {
        self.path = path
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK else {
            let failure = failure(code)
            sqlite3_close_v2(handle)
            handle = nil
            throw failure
        }
        sqlite3_extended_result_codes(handle, 1)
        // Another process commits in milliseconds.
        sqlite3_busy_timeout(handle, 10_000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Every row that it gives goes through `row`.
    func run(
        _ sql: String, _ values: [Value] = [], row: ((Row) -> Void)? = nil
    ) throws(Failure) {
        let statement = try prepared(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            let place = Int32(clamping: index + 1)
            switch value {
            case .text(let text):
                try check(penstock_sqlite_bind_text(statement, place, text, Int32(clamping: text.utf8.count)))
            case .int(let number): try check(sqlite3_bind_int64(statement, place, number))
            case .null: try check(sqlite3_bind_null(statement, place))
            }
        }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure(code) }
            row?(Row(statement: statement))
        }
    }

    private func prepared(_ sql: String) throws(Failure) -> OpaquePointer? {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v2(handle, sql, -1, &statement, nil))
        statements[sql] = statement
        return statement
    }

    struct Row {
        fileprivate let statement: OpaquePointer?

        func text(_ column: Int32) -> String {
            guard let start = sqlite3_column_text(statement, column) else { return "" }
            let count = Int(sqlite3_column_bytes(statement, column))
            return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        }
        func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
    }

    /// How many rows the last statement changed.
    var changes: Int64 { Int64(sqlite3_changes(handle)) }

    /// All of it or nothing.
    func transaction(_ body: () throws(Failure) -> Void) throws(Failure) {
        try run("BEGIN IMMEDIATE")
        do {
            try body()
            try run("COMMIT")
        } catch {
            try? run("ROLLBACK")
            throw error
        }
    }

    private func check(_ code: Int32) throws(Failure) {
        if code != SQLITE_OK { throw failure(code) }
    }

    private func failure(_ code: Int32) -> Failure {
        let reason: String
        switch code & 0xFF {
        case SQLITE_NOTADB, SQLITE_CORRUPT:
            reason = "is damaged, or no state file: restore it, or remove it to begin anew"
        case SQLITE_FULL: reason = "can't be written: the disk is full"
        case SQLITE_READONLY: reason = "can't be written: it is read-only"
        case SQLITE_CANTOPEN: reason = "can't be opened"
        case SQLITE_BUSY, SQLITE_LOCKED: reason = "is in use by another process that does not let go of it"
        case SQLITE_IOERR: reason = "can't be read or written (input/output error \(code))"
        default: reason = "can't be used: \(String(cString: sqlite3_errmsg(handle))) (\(code))"
        }
        return Failure(.storage, "the state file \"\(path)\" \(reason)")
    }
}
