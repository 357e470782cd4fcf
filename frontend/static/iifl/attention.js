/** Calls a person: two short tones and the title of the page. Browsers allow sound after the first key or click. */

const TONES = [660, 880];
const TONE_S = 0.12;
const LOUD = 0.15;

export class Attention {
  #context = null;
  #title = document.title;

  constructor() {
    for (const name of ["pointerdown", "keydown"]) {
      addEventListener(name, () => (this.#context ??= new AudioContext()), { once: true });
    }
  }

  /** What the title says in front of the page's name; empty for nothing. */
  set title(text) {
    const title = text ? `● ${text} · ${this.#title}` : this.#title;
    if (document.title !== title) document.title = title;
  }

  sound() {
    const context = this.#context;
    if (context?.state !== "running") return;
    TONES.forEach((frequency, index) => {
      const from = context.currentTime + index * (TONE_S + 0.03);
      const gain = new GainNode(context, { gain: 0 });
      const tone = new OscillatorNode(context, { frequency });
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(LOUD, from + 0.01);
      gain.gain.linearRampToValueAtTime(0, from + TONE_S);
      tone.connect(gain).connect(context.destination);
      tone.start(from);
      tone.stop(from + TONE_S);
    });
  }
}
