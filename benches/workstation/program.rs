//! The measured processes.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::Outcome;

/// Path of the server's program, and a folder for its output.
pub struct Bench {
    pub program: PathBuf,
    pub folder: PathBuf,
}

impl Bench {
    pub fn new(program: &Path, folder: PathBuf) -> Outcome<Self> {
        // The folder may not exist, which is fine.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Self { program: fs::canonicalize(program)?, folder: fs::canonicalize(folder)? })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Starts the server on the database of this name, which it creates if missing.
    pub fn serve(&self, database: &str, tick_ms: u64) -> Outcome<Process> {
        self.serve_under(&[], database, tick_ms)
    }

    /// The same, started through another program such as strace.
    pub fn serve_under(&self, starter: &[String], database: &str, tick_ms: u64) -> Outcome<Process> {
        let mut command = command(starter, &self.program);
        command.current_dir(&self.folder).envs([
            ("DATABASE_URL", format!("sqlite://{database}").as_str()),
            ("PORT", "0"),
            ("SIM_SEED", "1"),
            ("SIM_TICK_MS", &tick_ms.to_string()),
            ("LLM_MOCK", "true"),
            ("RATE_LIMIT", "0"),
            ("SSE_MAX_PER_CLIENT", "0"),
            ("SSE_MAX_TOTAL", "0"),
            ("RUST_LOG", "warn"),
        ]);
        Process::start(command)
    }
}

/// Command for this program in one of its comparison modes.
pub fn bare(starter: &[String], arguments: &[&str]) -> Outcome<Command> {
    let mut command = command(starter, &env::current_exe()?);
    command.args(arguments);
    Ok(command)
}

fn command(starter: &[String], program: &Path) -> Command {
    match starter.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}

/// A listening process; it is killed when dropped.
pub struct Process {
    child: Child,
    /// Id of the listening process, which may be a child of the child.
    id: u32,
    _output: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl Process {
    /// Starts it, and waits for its first line, which ends with its address.
    pub fn start(mut command: Command) -> Outcome<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim().rsplit("http://").next().unwrap_or_default().parse()?;
        let id = child_of(child.id())?.unwrap_or(child.id());
        Ok(Self { child, id, _output: output, address })
    }

    pub fn resident_kib(&self) -> Outcome<f64> {
        self.status_kib("VmRSS:")
    }

    /// Its peak resident memory.
    pub fn resident_kib_max(&self) -> Outcome<f64> {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, name: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such line")?;
        Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
    }

    /// User and system time of its present threads.
    pub fn cpu(&self) -> Outcome<Duration> {
        let mut total_ns = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.id))? {
            // A thread may end between the two calls.
            if let Ok(stat) = fs::read_to_string(thread?.path().join("schedstat")) {
                total_ns += stat.split_whitespace().next().ok_or("no time")?.parse::<u64>()?;
            }
        }
        Ok(Duration::from_nanos(total_ns))
    }

    /// Suspends it, so that another one can be measured; its sockets stay open.
    pub fn pause(&self) -> Outcome<()> {
        self.signal("STOP")
    }

    pub fn resume(&self) -> Outcome<()> {
        self.signal("CONT")
    }

    /// Terminates it, and waits for its end.
    pub fn stop(mut self) -> Outcome<()> {
        self.signal("TERM")?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, name: &str) -> Outcome<()> {
        let sent =
            Command::new("kill").args([format!("-{name}"), self.id.to_string()]).stderr(Stdio::null()).status()?;
        if sent.success() { Ok(()) } else { Err(format!("{name} was not sent").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is fine. A tracer ends with its process.
        let _ = self.signal("KILL");
        let _ = self.child.wait();
    }
}

/// The process that it started, if it is a tracer.
fn child_of(id: u32) -> Outcome<Option<u32>> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    Ok(children.split_whitespace().next().map(str::parse).transpose()?)
}
