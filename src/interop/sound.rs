//! A short tone, made by the browser's Web Audio API.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    type AudioContext;

    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<AudioContext, JsValue>;

    #[wasm_bindgen(method, getter, js_name = currentTime)]
    fn current_time(this: &AudioContext) -> f64;

    #[wasm_bindgen(method, getter)]
    fn destination(this: &AudioContext) -> AudioNode;

    #[wasm_bindgen(method, js_name = createOscillator)]
    fn create_oscillator(this: &AudioContext) -> Oscillator;

    #[wasm_bindgen(method, js_name = createGain)]
    fn create_gain(this: &AudioContext) -> Gain;

    type AudioNode;

    #[wasm_bindgen(method)]
    fn connect(this: &AudioNode, to: &AudioNode);

    #[wasm_bindgen(extends = AudioNode)]
    type Oscillator;

    #[wasm_bindgen(method, getter)]
    fn frequency(this: &Oscillator) -> AudioParam;

    #[wasm_bindgen(method)]
    fn start(this: &Oscillator, at: f64);

    #[wasm_bindgen(method)]
    fn stop(this: &Oscillator, at: f64);

    #[wasm_bindgen(extends = AudioNode)]
    type Gain;

    #[wasm_bindgen(method, getter)]
    fn gain(this: &Gain) -> AudioParam;

    type AudioParam;

    #[wasm_bindgen(method, js_name = setValueAtTime)]
    fn set_value_at_time(this: &AudioParam, value: f64, at: f64) -> AudioParam;

    #[wasm_bindgen(method, js_name = exponentialRampToValueAtTime)]
    fn ramp_to(this: &AudioParam, value: f64, at: f64) -> AudioParam;
}

thread_local! {
    /// Made at the first tone; a page may have only a few.
    static CONTEXT: std::cell::OnceCell<Option<AudioContext>> = const { std::cell::OnceCell::new() };
}

/// Two notes, in hertz.
const NOTES: [f64; 2] = [880.0, 1_174.7];
/// Length of a note, in seconds.
const NOTE_SECONDS: f64 = 0.14;
const LOUDNESS: f64 = 0.12;

/// Plays two short notes. Silent in a browser without Web Audio, and in a page that nobody has pressed anything in.
pub fn play_chime() {
    CONTEXT.with(|context| {
        if let Some(context) = context.get_or_init(|| AudioContext::new().ok()) {
            let mut at = context.current_time();
            for note in NOTES {
                play_note(context, note, at);
                at += NOTE_SECONDS;
            }
        }
    });
}

fn play_note(context: &AudioContext, hertz: f64, at: f64) {
    let (oscillator, gain) = (context.create_oscillator(), context.create_gain());
    oscillator.frequency().set_value_at_time(hertz, at);
    gain.gain().set_value_at_time(LOUDNESS, at);
    gain.gain().ramp_to(0.001, at + NOTE_SECONDS);
    oscillator.connect(&gain);
    gain.connect(&context.destination());
    oscillator.start(at);
    oscillator.stop(at + NOTE_SECONDS);
}
