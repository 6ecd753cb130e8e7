#!/usr/bin/env bash
# Makes what is handed out, in dist/, and tries it where nothing of this checkout helps:
#
#   scripts/dist.sh VERSION
#
#   penstock-VERSION-linux-ARCH.tar.gz   library, headers, pkg-config file (wherever it is unpacked), schema, licence
#   penstock-VERSION-py3-none-*.whl      the Python package with the library inside
#   SHA256SUMS
#
# The same commit gives the same archive, byte for byte. Needs the release library and scripts/setup-*.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
version=${1:?dist: which version?}
library=${PENSTOCK_LIB:-$root/.build/release/libpenstock.so}
python=${PENSTOCK_VENV:-$root/.build/venv}/bin/python
architecture=$(uname -m)
name=penstock-$version-linux-$architecture
dist=$root/dist

if [[ ! -f $library ]]; then
    echo "dist: $library is missing: swift build -c release --product penstock" >&2
    exit 1
fi
# Three places state the version, and it is not for this script to choose.
stated() {
    sed -n 's/^#define PENSTOCK_VERSION "\(.*\)"$/include\/penstock.h \1/p' include/penstock.h
    sed -n 's/^version = "\(.*\)"$/bindings\/python\/pyproject.toml \1/p' bindings/python/pyproject.toml
    sed -n 's/^VERSION := /Makefile /p' Makefile
}
while read -r place says; do
    if [[ $says != "$version" ]]; then
        echo "dist: $place says $says, not $version" >&2
        exit 1
    fi
done < <(stated)

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$dist"
mkdir -p "$dist"

# The archive
tree=$work/$name
scripts/install.sh "PREFIX=/usr/local" "DESTDIR=$work/stage" "PENSTOCK_LIB=$library" >/dev/null
mv "$work/stage/usr/local" "$tree"
# Unpacked anywhere, the pkg-config file tells where.
sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|' "$tree/lib/pkgconfig/penstock.pc"
share=$tree/share/penstock
install -d "$share" "$tree/share/doc/penstock"
PENSTOCK_LIBRARY=$library PYTHONPATH=bindings/python/src "$python" -m penstock schema >"$share/source.schema.json"
for file in LICENSE README.md CHANGELOG.md; do
    if [[ -f $file ]]; then install -m 644 "$file" "$tree/share/doc/penstock/"; fi
done
cat >"$tree/README" <<README
Penstock $version for Linux on $architecture: whole datasets out of paginated, rate-limited REST APIs.

Works where it is unpacked:
    export PKG_CONFIG_PATH=\$PWD/lib/pkgconfig LD_LIBRARY_PATH=\$PWD/lib
    cc program.c \$(pkg-config --cflags --libs penstock)
or copy it over a prefix such as /usr/local and run ldconfig.

include/penstock.h               the interface, every function described
share/penstock/source.schema.json    JSON Schema of a source document, for editors
share/doc/penstock               licence and more

Of the system it needs:$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/ \1/p' | tr -d '\n')
README
tar --sort=name "--mtime=@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw \
    -C "$work" -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"

# The wheel
PENSTOCK_WHEEL_LIBRARY=$tree/lib/libpenstock.so.$version \
    "$python" -m build --wheel --no-isolation --outdir "$dist" bindings/python >"$work/wheel.log" 2>&1 || {
    cat "$work/wheel.log" >&2
    exit 1
}
(cd "$dist" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)

exec scripts/dist-test.sh "$version"
