//! Handle to the reading process: starts it, reads its output, and ends it.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Take},
    process::{Child, ChildStdout, Command},
    time::{Instant, timeout_at},
};

use super::{
    bounds::CHILD_OUTPUT_BYTES_MAX,
    extract::protocol::{Format, Piece},
};

/// Longest line of a piece in bytes: a page of 64 KiB, with each byte escaped, and its envelope.
const LINE_BYTES_MAX: u64 = 512 << 10;

/// Address space that the process's allocator reserves at a time, in KiB. The default of 1 GiB equals the process's
/// limit (`CHILD_MEMORY_BYTES`), with which the program sometimes failed to start.
const ALLOCATOR_RESERVE_KIB: &str = "65536";

/// Reason why the process sends nothing more.
#[derive(Debug)]
pub enum Silence {
    /// It ended before its last piece.
    Died,
    TimedOut,
    TooMuch,
    /// Its output is not a valid piece.
    Garbled,
    System(io::Error),
}

/// A process that reads a document. It is killed when dropped.
pub struct Reader {
    child: Child,
    lines: BufReader<Take<ChildStdout>>,
    deadline: Instant,
}

impl Reader {
    /// Starts reading an original from page `first` on.
    ///
    /// # Errors
    /// If the original cannot be opened, or the process cannot be started.
    pub async fn start(
        program: Option<&Path>,
        original: &Path,
        format: Format,
        first: u32,
        deadline: Instant,
    ) -> io::Result<Self> {
        let original = tokio::fs::File::open(original).await?.into_std().await;
        // The running program itself, even if its file was replaced meanwhile.
        let program = program.map_or_else(|| PathBuf::from("/proc/self/exe"), Path::to_owned);
        let mut child = Command::new(program)
            .args(["--extract", format.media_type(), &first.to_string()])
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", ALLOCATOR_RESERVE_KIB)
            .current_dir("/")
            .stdin(Stdio::from(original))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        let lines = BufReader::new(output.take(CHILD_OUTPUT_BYTES_MAX));
        Ok(Self { child, lines, deadline })
    }

    /// The next piece.
    ///
    /// # Errors
    /// If there are no more pieces.
    pub async fn next(&mut self) -> Result<Piece, Silence> {
        let mut line = Vec::new();
        let mut lines = (&mut self.lines).take(LINE_BYTES_MAX);
        let read = timeout_at(self.deadline, lines.read_until(b'\n', &mut line)).await;
        match read {
            Err(_) => Err(Silence::TimedOut),
            Ok(Err(cause)) => Err(Silence::System(cause)),
            Ok(Ok(_)) if !line.ends_with(b"\n") => {
                let is_full = self.lines.get_ref().limit() == 0 || line.len() as u64 == LINE_BYTES_MAX;
                Err(if is_full { Silence::TooMuch } else { Silence::Died })
            }
            Ok(Ok(_)) => serde_json::from_slice(&line).map_err(|_| Silence::Garbled),
        }
    }

    /// Kills the process and waits until it is gone.
    pub async fn end(mut self) {
        // It may have ended already.
        let _ = self.child.kill().await;
    }
}
