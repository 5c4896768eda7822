//! A disk that takes longer than this machine's: a layer between a program and its `fsync`, which waits a while more.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::Outcome;

/// What a disk with spinning plates, or a network, would add to each `fsync`.
pub const DELAY_MS: u32 = 3;

/// What starts a program on such a disk: nothing where there is no C compiler, or no glibc to stand before.
pub fn starter(folder: &Path) -> Outcome<Option<Vec<String>>> {
    let layer = folder.join("slow_disk.so");
    let compiled = Command::new("cc")
        .args(["-O2", "-shared", "-fPIC", &format!("-DDELAY_MS={DELAY_MS}"), "-o"])
        .arg(&layer)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/workstation/slow_disk.c"))
        .stderr(Stdio::null())
        .status();
    let starter = || vec!["env".to_owned(), format!("LD_PRELOAD={}", layer.display())];
    Ok(compiled.is_ok_and(|status| status.success()).then(starter))
}
