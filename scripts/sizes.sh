#!/usr/bin/env bash
# Prints what a browser loads at first sight, as the server sends it (brotli), and fails where the client grew too large.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$DIST/site"

# The bar is 380,000 bytes until the client is loaded in parts. It is missed; this keeps the client from growing further.
WASM_BYTES_MAX=406000

total=0
say "First load over the wire (brotli):"
while IFS= read -r file; do
    bytes=$(stat -c %s "$file")
    total=$((total + bytes))
    printf '  %8d  %s\n' "$bytes" "${file#./}"
done < <(find . -name '*.br' ! -name '*.map.br' | sort)
printf '  %8d  in all, and the page itself\n' "$total"

wasm=$(stat -c %s pkg/*.wasm.br)
[ "$wasm" -le "$WASM_BYTES_MAX" ] || die "the client's WebAssembly is $wasm bytes; it may be $WASM_BYTES_MAX"
