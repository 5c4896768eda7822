#!/usr/bin/env bash
# Installs what building and testing need. Safe to run again: each step skips what is there.
#   setup.sh build   what `make run`, `make build` and `make dev` need
#   setup.sh soak    what `make soak` needs: Rust, and a C++ compiler
#   setup.sh test    that of build, and what `make test` needs (Chromium, Playwright, cargo-deny)
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# Prebuilt tools are built without debug information and unoptimised: they run for seconds and build in a fifth of the time.
install_flags=(--locked --debug --root "$TOOLS")

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else die "'$*' needs root, and there is no sudo"; fi
}

apt_updated=
apt_install() {
    command -v apt-get >/dev/null || die "this machine has no apt-get; please install by hand: $*"
    if [ -z "$apt_updated" ]; then
        run_logged apt-update as_root apt-get update
        apt_updated=1
    fi
    run_logged apt-install as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# has_wasm_target RUSTC…: whether that compiler has a standard library for WebAssembly, built by itself.
has_wasm_target() {
    local dir version
    dir="$("$@" --print target-libdir --target "$WASM_TARGET" 2>/dev/null)" || return 1
    compgen -G "$dir/libcore-*.rlib" >/dev/null || return 1
    # A library that we built says for which compiler; one that rustup brought needs no such mark.
    version="$dir/finally-built-for"
    [ ! -f "$version" ] || [ "$(cat "$version")" = "$("$@" -vV)" ]
}

need_rust() {
    command -v cargo >/dev/null || die "Rust is missing: see https://rustup.rs, or your system's packages (1.94 or newer)"
    local wanted found
    wanted="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml")"
    found="$(rustc --version | awk '{ print $2 }')"
    [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] ||
        die "Rust $wanted or newer is needed, this is $found; try 'rustup update stable'"
    command -v cc >/dev/null || { step "Installing a C compiler" "SQLite is built from source. Under a minute."; apt_install gcc libc6-dev; }
    command -v npm >/dev/null || die "Node.js 20 or newer, with npm, is missing: see https://nodejs.org"
}

wasm_target() {
    load_client_toolchain
    if [ -n "$FINALLY_CLIENT_TOOLCHAIN" ] && has_wasm_target rustup run "$FINALLY_CLIENT_TOOLCHAIN" rustc; then return; fi
    rm -f "$CACHE/client-toolchain.env"
    has_wasm_target rustc && return
    local server="${RUSTUP_DIST_SERVER:-https://static.rust-lang.org}"
    if command -v rustup >/dev/null && curl -sSfI --max-time 8 -o /dev/null "$server/rustup/release-stable.toml" 2>/dev/null; then
        step "Adding Rust's WebAssembly target" "The page's client is compiled to it. Under a minute."
        run_logged rustup-target timeout 600 rustup target add "$WASM_TARGET"
        return
    fi
    use_debian_toolchain
}

# Where Rust's download server is out of reach: Debian's compiler for the client, and the standard library built from
# Debian's source with it, because Debian packages none for wasm32-unknown-unknown. The server keeps the other toolchain.
use_debian_toolchain() {
    step "Installing Debian's Rust for WebAssembly" "Rust's download server is out of reach, so the client is compiled with Debian's. About a minute."
    apt_install rustc-web cargo-web rust-web-src libstd-rust-web-dev
    local llvm linkers
    llvm="$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
    [ -x "/usr/lib/llvm-$llvm/bin/lld" ] || apt_install "lld-$llvm"
    linkers="/usr/lib/rustlib/$(/usr/bin/rustc -vV | sed -n 's/^host: //p')/bin"
    as_root mkdir -p "$linkers"
    as_root ln -sfn "/usr/lib/llvm-$llvm/bin/lld" "$linkers/rust-lld"
    has_wasm_target /usr/bin/rustc || build_wasm_std
    mkdir -p "$CACHE"
    if command -v rustup >/dev/null; then
        local native
        native="$(rustup show active-toolchain | awk '{ print $1 }')"
        rustup toolchain link finally-client /usr
        cat >"$CACHE/client-toolchain.env" <<ENV
FINALLY_CLIENT_TOOLCHAIN=finally-client
FINALLY_SERVER_TOOLCHAIN=$native
ENV
    fi
    has_wasm_target /usr/bin/rustc || die "Debian's Rust has still no WebAssembly target"
}

build_wasm_std() {
    step "Building the standard library for WebAssembly" "Debian packages its source only. About a minute and a half."
    local source scratch target_lib
    source="$(ls -d /usr/src/rustc-*/library | sort -V | tail -n 1)"
    scratch="$(mktemp -d)"
    cp -r "$source" "$scratch/library"
    run_logged wasm-std env -u CARGO_TARGET_DIR -u RUSTUP_TOOLCHAIN RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
        RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" __CARGO_DEFAULT_LIB_METADATA=finally \
        /usr/bin/cargo build --release --locked --target "$WASM_TARGET" -p sysroot --manifest-path "$scratch/library/sysroot/Cargo.toml"
    target_lib="/usr/lib/rustlib/$WASM_TARGET/lib"
    as_root mkdir -p "$target_lib"
    as_root rm -f "$target_lib"/*.rlib
    as_root cp "$scratch/library/target/$WASM_TARGET/release/deps/"*.rlib "$target_lib/"
    /usr/bin/rustc -vV | as_root tee "$target_lib/finally-built-for" >/dev/null
    rm -rf "$scratch"
}

# install_tool CRATE VERSION TIME FLAGS…: from a prebuilt binary where cargo-binstall is there, else from source.
install_tool() {
    local crate="$1" version="$2" takes="$3"
    shift 3
    local stamp="$TOOLS/$crate-$version"
    [ -f "$stamp" ] && return
    step "Installing $crate $version" "Kept in $TOOLS; built once. $takes"
    mkdir -p "$TOOLS"
    if command -v cargo-binstall >/dev/null && timeout 120 cargo-binstall --no-confirm --root "$TOOLS" "$crate@$version" >/dev/null 2>&1; then
        say "    a prebuilt one was found"
    else
        run_logged "$crate" env -u RUSTUP_TOOLCHAIN CARGO_TARGET_DIR="$CACHE/tools-target" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 \
            cargo install "$crate" --version "$version" --force "$@"
        rm -rf "$CACHE/tools-target"
    fi
    rm -f "$TOOLS/$crate"-[0-9]*
    touch "$stamp"
}

# `cargo leptos …` typed by hand should find the same tools, toolchain and cache as the scripts do.
cargo_leptos_on_path() {
    local shim="${CARGO_HOME:-$HOME/.cargo}/bin/cargo-leptos" mark="FinAlly's cargo-leptos"
    [ -d "$(dirname "$shim")" ] || return 0
    if [ -e "$shim" ] && ! grep -aq "$mark" "$shim"; then return 0; fi
    cat >"$shim" <<SHIM
#!/usr/bin/env bash
# $mark: runs the pinned one with the tools and toolchain that scripts/setup.sh found. Delete it as you like.
export PATH="$TOOLS/bin:\$PWD/node_modules/.bin:\$PATH" CARGO_TARGET_DIR="\${CARGO_TARGET_DIR:-$CACHE/target}"
[ ! -f "$CACHE/client-toolchain.env" ] || . "$CACHE/client-toolchain.env"
if [ -n "\${FINALLY_CLIENT_TOOLCHAIN:-}" ]; then
    export RUSTUP_TOOLCHAIN="\$FINALLY_CLIENT_TOOLCHAIN" LEPTOS_BIN_CARGO_COMMAND="rustup run \$FINALLY_SERVER_TOOLCHAIN cargo"
fi
exec "$TOOLS/bin/cargo-leptos" "\$@"
SHIM
    chmod +x "$shim"
}

# npm_packages FOLDER WHY: what the lock file says, skipped when it stands already.
npm_packages() {
    local dir="$ROOT/$1" done_mark="$ROOT/$1/node_modules/.finally-lock"
    cmp -s "$dir/package-lock.json" "$done_mark" && return
    step "Installing npm packages in ${1#./}" "$2 A few seconds."
    run_logged npm env PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix "$dir" --no-audit --no-fund
    cp "$dir/package-lock.json" "$done_mark"
}

# Without it the library searches by words alone, so a machine that cannot fetch it builds all the same.
library_model() {
    [ -f "$MODEL/NOTICE" ] && return
    step "Fetching the model for search by meaning" "all-MiniLM-L6-v2, 23 MB, kept in $MODEL. A few seconds."
    node "$ROOT/scripts/model.mjs" "$MODEL" ||
        say "    It could not be fetched; search goes by words alone. 'scripts/setup.sh build' tries it again."
}

# The headless shell is Chromium without its windows; it takes a quarter less CPU. Not every Debian release has it.
install_chromium() {
    find_chromium >/dev/null && return
    step "Installing Chromium" "The page is tested in a real browser. About a minute."
    (apt_install chromium-headless-shell fonts-liberation) || apt_install chromium fonts-liberation
}

schemathesis() {
    local stamp="$CACHE/schemathesis/.finally-$SCHEMATHESIS_VERSION"
    [ -f "$stamp" ] && return
    command -v python3 >/dev/null || { step "Installing Python" "The API's description is tested with a Python program."; apt_install python3 python3-venv; }
    step "Installing schemathesis $SCHEMATHESIS_VERSION" "It tries the API against its own description. Under a minute."
    rm -rf "$CACHE/schemathesis"
    python3 -m venv "$CACHE/schemathesis" 2>/dev/null || { apt_install python3-venv && python3 -m venv "$CACHE/schemathesis"; }
    run_logged schemathesis "$CACHE/schemathesis/bin/pip" install --quiet "schemathesis==$SCHEMATHESIS_VERSION"
    touch "$stamp"
}

find_chromium() {
    local name
    for name in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" && return 0
    done
    return 1
}

# A full disk ends a build in the middle, with messages that do not name it.
need_room() {
    local free_mib wanted_mib=2048
    [ -d "$CARGO_TARGET_DIR/release/deps" ] || wanted_mib=12288
    mkdir -p "$CACHE"
    free_mib="$(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }')"
    [ "$free_mib" -ge "$wanted_mib" ] || die "$CACHE has $free_mib MiB of free disk; building needs $wanted_mib (another place: XDG_CACHE_HOME)"
}

set_up_build() {
    need_room
    need_rust
    wasm_target
    npm_packages . "lightweight-charts draws the charts, binaryen shrinks the WebAssembly."
    install_tool wasm-bindgen-cli "$WASM_BINDGEN_VERSION" "About 2 minutes." --debug --root "$TOOLS"
    install_tool cargo-leptos "$CARGO_LEPTOS_VERSION" "About 11 minutes on two cores: by far the longest step." "${install_flags[@]}" --features no_downloads
    cargo_leptos_on_path
    library_model
}

case "${1:-build}" in
build) set_up_build ;;
soak)
    need_rust
    command -v c++ >/dev/null || { step "Installing a C++ compiler" "libFuzzer is built from source. Under a minute."; apt_install g++; }
    ;;
test)
    set_up_build
    install_tool cargo-deny "$CARGO_DENY_VERSION" "About 4 minutes." "${install_flags[@]}"
    npm_packages end2end "Playwright drives the browser tests."
    install_chromium
    schemathesis
    ;;
*) die "setup.sh takes build, soak or test, not '$1'" ;;
esac
