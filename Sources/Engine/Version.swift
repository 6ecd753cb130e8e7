/// The version of the library, as `PENSTOCK_VERSION` in the header has it.
public enum Version {
    public static let text = "0.1.0"
}
