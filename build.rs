//! The migrations are embedded in the server: a changed one has to rebuild it.

fn main() {
    println!("cargo:rerun-if-changed=src/server/ledger/migrations");
}
