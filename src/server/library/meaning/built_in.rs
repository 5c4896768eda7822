//! The model that comes with the program: all-MiniLM-L6-v2 (Apache-2.0), run by `rten`. It is loaded when it is first needed,
//! and given back a minute after it was.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread,
    time::Duration,
};

use rten::{Model, NodeId, RunOptions, ThreadPool};
use rten_tensor::{NdTensor, NdTensorView, prelude::*};
use rten_text::{Tokenizer, tokenizer::EncodeOptions};
use tokio::sync::oneshot;

use super::{Fault, Vector, onnx::with_tables_in_bytes};

/// Beside the program.
pub const FOLDER: &str = "model";
const MODEL_FILE: &str = "model.onnx";
const TOKENIZER_FILE: &str = "tokenizer.json";
/// Name of the model, stored with its vectors.
pub const NAME: &str = "all-MiniLM-L6-v2 int8";

/// The longest text it was trained for; what is longer is read so far.
const TOKENS_MAX: usize = 256;
/// Texts that go through it at once, the shortest together.
const BATCH: usize = 4;
/// Questions and batches of passages that may wait for it.
const JOBS_MAX: usize = 64;
/// Idle time after which the model is unloaded.
const KEPT: Duration = Duration::from_secs(60);

pub struct BuiltIn {
    folder: PathBuf,
    /// The way to the thread that has the model, while there is one.
    thread: Mutex<Option<SyncSender<Job>>>,
}

/// Texts, and where their directions go.
struct Job {
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<Vector>, Fault>>,
}

impl BuiltIn {
    /// The model in a folder; nothing when there is none.
    pub fn find(folder: &Path) -> Option<Self> {
        let is_there = folder.join(MODEL_FILE).exists() && folder.join(TOKENIZER_FILE).exists();
        is_there.then(|| Self { folder: folder.to_owned(), thread: Mutex::new(None) })
    }

    /// The texts' directions, in their order.
    ///
    /// # Errors
    /// When the model's files are damaged.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vector>, Fault> {
        // A thread that has just given its model back drops what it is handed; the next one takes it.
        for _ in 0..2 {
            let (reply, made) = oneshot::channel();
            self.hand_over(Job { texts: texts.clone(), reply })?;
            if let Ok(made) = made.await {
                return made;
            }
        }
        Err(Fault::passing("the model stopped"))
    }

    /// Hands texts to the thread with the model, which is started where there is none.
    fn hand_over(&self, job: Job) -> Result<(), Fault> {
        // Nothing panics while it is held.
        let mut known = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let mut job = job;
        if let Some(sender) = known.as_ref() {
            match sender.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => return Err(Fault::passing("too many texts wait for the model")),
                Err(TrySendError::Disconnected(back)) => job = back,
            }
        }
        let (sender, jobs) = mpsc::sync_channel(JOBS_MAX);
        let folder = self.folder.clone();
        let started = thread::Builder::new().name("library-model".to_owned()).spawn(move || work(&folder, &jobs));
        started.map_err(|cause| Fault::passing(format!("its thread does not start: {cause}")))?;
        // Its receiver waits in the thread, and it has room.
        let _ = sender.try_send(job);
        *known = Some(sender);
        Ok(())
    }
}

/// Embeds what comes, until nothing has come for a while.
fn work(folder: &Path, jobs: &Receiver<Job>) {
    let mut loaded = None;
    while let Ok(Job { texts, reply }) = jobs.recv_timeout(KEPT) {
        let model = match loaded.take() {
            Some(model) => Ok(model),
            None => Loaded::load(folder),
        };
        let made = match model {
            Ok(model) => loaded.insert(model).embed(&texts),
            Err(fault) => Err(fault),
        };
        // Nobody waits any more where a task was cancelled.
        let _ = reply.send(made);
    }
}

struct Loaded {
    model: Model,
    tokenizer: Tokenizer,
    /// `input_ids`, `attention_mask`, `token_type_ids`.
    inputs: [NodeId; 3],
    output: NodeId,
    /// One thread: trades and prices go before.
    threads: Arc<ThreadPool>,
}

impl Loaded {
    fn load(folder: &Path) -> Result<Self, Fault> {
        let damaged = |cause: &dyn std::fmt::Display| Fault::lasting(format!("the model cannot be loaded: {cause}"));
        let published = fs::read(folder.join(MODEL_FILE)).map_err(|cause| damaged(&cause))?;
        let model = Model::load(with_tables_in_bytes(published)).map_err(|cause| damaged(&cause))?;
        let tokenizer = Tokenizer::from_file(folder.join(TOKENIZER_FILE)).map_err(|cause| damaged(&cause))?;
        let node = |name: &str| model.node_id(name).map_err(|cause| damaged(&cause));
        let inputs = [node("input_ids")?, node("attention_mask")?, node("token_type_ids")?];
        let output = *model.output_ids().first().ok_or_else(|| damaged(&"it has no output"))?;
        Ok(Self { inputs, output, model, tokenizer, threads: Arc::new(ThreadPool::with_num_threads(1)) })
    }

    fn embed(&self, texts: &[String]) -> Result<Vec<Vector>, Fault> {
        let mut tokens = Vec::with_capacity(texts.len());
        for text in texts {
            let options = EncodeOptions { max_chunk_len: Some(TOKENS_MAX), overlap: 0 };
            let encoded = self.tokenizer.encode(text.as_str(), Some(options));
            let encoded = encoded.map_err(|cause| Fault::lasting(format!("a text has no tokens: {cause}")))?;
            tokens.push(encoded.into_token_ids());
        }
        // Texts of like lengths together, so that little of a batch is filling.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|place| tokens[*place].len());
        let mut made: Vec<Option<Vector>> = vec![None; texts.len()];
        for batch in order.chunks(BATCH) {
            let rows: Vec<&[u32]> = batch.iter().map(|place| tokens[*place].as_slice()).collect();
            for (place, vector) in batch.iter().zip(self.run(&rows)?) {
                made[*place] = Some(vector);
            }
        }
        Ok(made.into_iter().flatten().collect())
    }

    /// Runs one batch; the mean of a text's tokens is its direction, as the model was trained.
    fn run(&self, rows: &[&[u32]]) -> Result<Vec<Vector>, Fault> {
        let length = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let shape = [rows.len(), length];
        let of =
            |value: &dyn Fn(&[u32], usize) -> i32| NdTensor::from_fn(shape, |[row, place]| value(rows[row], place));
        let ids = of(&|row, place| row.get(place).map_or(0, |id| id.cast_signed()));
        let mask = of(&|row, place| i32::from(place < row.len()));
        let kinds = NdTensor::<i32, 2>::zeros(shape);
        let inputs =
            self.inputs.into_iter().zip([ids.view().into(), mask.view().into(), kinds.view().into()]).collect();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let failed = |cause: &dyn std::fmt::Display| Fault::lasting(format!("the model failed: {cause}"));
        let [states] = self.model.run_n(inputs, [self.output], Some(options)).map_err(|cause| failed(&cause))?;
        let states: NdTensor<f32, 3> = states.try_into().map_err(|_| failed(&"its output is of another shape"))?;
        rows.iter().enumerate().map(|(index, row)| mean(states.slice(index), row.len())).collect()
    }
}

fn mean(states: NdTensorView<'_, f32, 2>, tokens: usize) -> Result<Vector, Fault> {
    let dimensions = states.size(1);
    let mut sums = vec![0.0_f32; dimensions];
    for token in 0..tokens {
        for (sum, value) in sums.iter_mut().zip(states.slice(token).iter()) {
            *sum += value;
        }
    }
    Vector::of(&sums).ok_or_else(|| Fault::lasting("a text has no direction"))
}
