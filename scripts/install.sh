#!/usr/bin/env bash
# Installs the library, the headers and the pkg-config file. `make install` calls it.
#
#   scripts/install.sh [PREFIX=/usr/local] [DESTDIR=] [LIBDIR=] [PENSTOCK_LIB=]    or in the environment
#
#   PREFIX   where it will run from (default /usr/local)
#   DESTDIR  put in front of every path, for packagers
#   LIBDIR   where the library goes (default PREFIX/lib)
#   PENSTOCK_LIB  the built library (default .build/release/libpenstock.so)
set -euo pipefail

for argument in "$@"; do
    case "$argument" in
        PREFIX=* | DESTDIR=* | LIBDIR=* | PENSTOCK_LIB=*) declare "$argument" ;;
        *) echo "install: what is '$argument'?" >&2; exit 2 ;;
    esac
done
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=${PREFIX:-/usr/local}
destdir=${DESTDIR:-}
libdir=${LIBDIR:-$prefix/lib}
library=${PENSTOCK_LIB:-$root/.build/release/libpenstock.so}

case "$prefix$libdir" in
    /*) ;;
    *) echo "install: PREFIX and LIBDIR must be absolute" >&2; exit 2 ;;
esac
if [ ! -f "$library" ]; then
    echo "install: $library is missing: swift build -c release --product penstock" >&2
    exit 1
fi

# The header states the version; the file name and the pkg-config file follow it.
version=$(sed -n 's/^#define PENSTOCK_VERSION "\(.*\)"$/\1/p' "$root/include/penstock.h")
abi=$(sed -n 's/^#define PENSTOCK_ABI_VERSION \([0-9]*\)$/\1/p' "$root/include/penstock.h")
soname="libpenstock.so.$abi"

# The path of the pkg-config variable stays relative to the prefix where it can, so that
# `pkg-config --define-prefix` works on a tree that was moved.
pc_libdir=$libdir
case "$libdir" in
    "$prefix"/*) pc_libdir="\${prefix}/${libdir#"$prefix"/}" ;;
esac

install -d "$destdir$libdir/pkgconfig" "$destdir$prefix/include"
install -m 755 "$library" "$destdir$libdir/libpenstock.so.$version"
strip --strip-unneeded "$destdir$libdir/libpenstock.so.$version"
ln -sf "libpenstock.so.$version" "$destdir$libdir/$soname"
ln -sf "$soname" "$destdir$libdir/libpenstock.so"
install -m 644 "$root/include/penstock.h" "$root/include/penstock_jansson.h" "$destdir$prefix/include/"
sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$pc_libdir|" -e "s|@VERSION@|$version|" \
    "$root/bindings/c/penstock.pc.in" >"$destdir$libdir/pkgconfig/penstock.pc"
chmod 644 "$destdir$libdir/pkgconfig/penstock.pc"
echo "installed penstock $version into $destdir$prefix"
