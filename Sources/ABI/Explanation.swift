// swift-format-ignore-file: AlwaysUseLowerCamelCase
public import CPenstock
internal import Engine
internal import IO

@_cdecl("penstock_source_explain") @implementation public func penstock_source_explain(
    _ source: UnsafePointer<CChar>?, _ sourceSize: Int, _ options: UnsafePointer<CChar>?, _ optionsSize: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> penstock_status {
    boundary(error) { () throws(Failure) in
        let out = try need(out, "out")
        let document = try json(source, sourceSize, "the source document")
        let given = try clientOptions(options, optionsSize)
        let text = try Explanation.text(of: document, options: given, references: ProcessReferences())
        Handle.give(OwnedText(text), to: out)
        return PENSTOCK_OK
    }
}
