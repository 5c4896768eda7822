//! Simulation of a slower disk: a layer that delays a program's `fsync`.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::Outcome;

/// Extra time per `fsync`, typical of spinning disks or network storage.
pub const DELAY_MS: u32 = 3;

/// Command prefix that starts a program on such a disk; `None` without a C compiler or glibc.
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
