// The link unit: it gives libpenstock.so its soname, its export list and the static Swift runtime.
// Everything that is exported stands in ABI.
@_exported import ABI
