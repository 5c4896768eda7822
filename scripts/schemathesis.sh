#!/usr/bin/env bash
# Lets schemathesis try the running API against the document that it serves: no 5xx, no status and no shape that the
# document does not know. Ends with schemathesis' own status.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
folder="$(mktemp -d)"
cd "$folder"
PORT=0 RATE_LIMIT=0 SIM_SEED=1 LLM_MOCK=true RUST_LOG=error "$DIST/finally" >ready 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    grep -q 'ready on' ready && break
    sleep 0.1
done
url="$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' ready)"
[ -n "$url" ] || die "the server did not start: $(cat ready)"
# The streams have no end, which no generator of requests waits for; their own tests read them.
"$CACHE/schemathesis/bin/schemathesis" run "$url/api/openapi.json" --exclude-path /api/stream/prices --exclude-path /api/events \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-60}" --seed 1 --no-color
