// The player: one audio element, the whole tape above and two minutes below. The sound is never decoded here;
// the shape of the wave comes from the server.
import WaveSurfer from "./vendor/wavesurfer.esm.js";

const SVG = "http://www.w3.org/2000/svg";
const WINDOW = 120;
const COLUMNS = 640;
const STRETCH = 10;
const SPEEDS = { low: 0.5, high: 2.5, step: 0.1 };

/** 2472.4 -> "41:12", 5025 -> "1:23:45". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** Stretches put together: [[0,5],[4,9],[12,13]] -> [[0,9],[12,13]]. */
export function union(stretches) {
  const merged = [];
  for (const [start, end] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const last = merged[merged.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** Share of a tape that was heard, each second counted once. */
export function share(stretches, duration) {
  const heard = union(stretches).reduce((sum, [start, end]) => sum + Math.min(end, duration) - Math.min(start, duration), 0);
  return duration > 0 ? Math.min(1, heard / duration) : 0;
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(3)}%`;

export class Player {
  /** @param calls onTime(seconds), onPlayed({start, end, speed}), onPlaying(bool), onTrouble("sound"|"peaks"|"") */
  constructor({ tape, words, nonce, settings, calls }) {
    Object.assign(this, { tape, words, nonce, settings, calls });
    this.audio = document.getElementById("sound");
    this.duration = tape.seconds;
    this.turns = [];
    this.marks = [];
    this.heard = union(tape.heard || []);
    this.bins = null;
    this.page = -1;
    this.placeKey = `bordin.place.${tape.assignment}`;
    this.wanted = this.remembered();
    this.last = this.wanted;
    this.paused = this.wanted > 0;
    this.begun = null;
    this.at = { over: document.getElementById("overview-over"), close: document.getElementById("closeup") };
    this.audio.preservesPitch = true;
    this.listen();
    this.drawOver();
    this.showTime();
  }

  // ---- time

  /** Where the tape stands. Until the first play the place is only remembered, so that no sound is fetched for it. */
  get time() {
    return this.wanted ?? this.audio.currentTime;
  }

  get playing() {
    return !this.audio.paused;
  }

  remembered() {
    let kept = null;
    try {
      kept = localStorage.getItem(this.placeKey);
    } catch {
      // No memory: begin where the server knows of, or at the start.
    }
    const place = Number(kept ?? this.tape.stopped_at ?? 0);
    return place > 0 && place < this.duration - 1 ? place : 0;
  }

  remember() {
    try {
      localStorage.setItem(this.placeKey, this.time.toFixed(2));
    } catch {
      // Only the place is forgotten.
    }
  }

  seek(seconds) {
    const place = Math.min(Math.max(0, seconds), this.duration);
    this.closeStretch();
    this.paused = false; // who chose a place wants to hear from there
    if (this.audio.readyState === 0 || (this.wanted !== null && !this.playing)) this.wanted = place;
    else this.audio.currentTime = place;
    this.last = place;
    if (this.playing) this.openStretch(place);
    this.remember();
    this.showTime();
  }

  skip(seconds) {
    this.seek(this.time + seconds);
  }

  async play(from) {
    this.calls.onTrouble("");
    if (this.audio.error) this.audio.load();
    const start = from ?? Math.max(0, this.time - (this.paused ? this.settings.rewind : 0));
    this.paused = false;
    this.wanted = null;
    if (Math.abs(this.audio.currentTime - start) > 0.01) this.audio.currentTime = start;
    this.last = start;
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name !== "AbortError") this.calls.onTrouble("sound");
    }
  }

  toggle() {
    if (this.playing) this.audio.pause();
    else if (this.audio.ended || this.time >= this.duration - 0.05) this.play(0);
    else this.play();
  }

  setSpeed(speed) {
    this.closeStretch();
    const steps = Math.round(speed / SPEEDS.step);
    this.audio.playbackRate = Math.min(SPEEDS.high, Math.max(SPEEDS.low, steps / 10));
    this.audio.defaultPlaybackRate = this.audio.playbackRate;
    if (this.playing) this.openStretch(this.audio.currentTime);
    document.getElementById("speed").textContent = `${this.audio.playbackRate.toFixed(1)}×`;
  }

  faster(steps) {
    this.setSpeed(this.audio.playbackRate + steps * SPEEDS.step);
  }

  // ---- what was really heard

  listen() {
    const audio = this.audio;
    audio.addEventListener("playing", () => {
      if (!this.begun) this.openStretch(audio.currentTime);
      this.tick ??= setInterval(() => this.showTime(), 100);
      this.calls.onPlaying(true);
    });
    const stop = () => {
      this.closeStretch(audio.currentTime);
      clearInterval(this.tick);
      this.tick = null;
      this.paused = !audio.ended;
      this.remember();
      this.showTime();
      this.calls.onPlaying(false);
    };
    audio.addEventListener("pause", stop);
    audio.addEventListener("ended", stop);
    audio.addEventListener("waiting", () => this.closeStretch());
    audio.addEventListener("timeupdate", () => {
      if (!this.playing || audio.seeking) return;
      this.last = audio.currentTime;
      if (this.begun && this.last - this.begun.start >= STRETCH * audio.playbackRate) {
        this.closeStretch(this.last);
        this.openStretch(this.last);
        this.remember();
      }
    });
    audio.addEventListener("seeking", () => {
      // Media keys may seek on their own; what was heard ends where the sound last was.
      if (this.begun && Math.abs(audio.currentTime - this.last) > 1) {
        this.closeStretch();
        if (this.playing) this.openStretch(audio.currentTime);
      }
    });
    audio.addEventListener("error", () => this.calls.onTrouble("sound"));
    addEventListener("pagehide", () => {
      this.closeStretch(this.playing ? audio.currentTime : undefined);
      if (this.playing) this.openStretch(audio.currentTime);
      this.remember();
    });
  }

  openStretch(start) {
    this.begun = { start, speed: this.audio.playbackRate };
  }

  closeStretch(end = this.playing && this.begun ? Math.max(this.last, this.audio.seeking ? 0 : this.audio.currentTime) : this.last) {
    const begun = this.begun;
    this.begun = null;
    if (!begun || end - begun.start < 0.1) return;
    const round = (seconds) => Math.round(seconds * 100) / 100;
    const stretch = { start: round(begun.start), end: round(Math.min(end, this.duration)), speed: Math.round(begun.speed * 10) / 10 };
    this.heard = union([...this.heard, [stretch.start, stretch.end]]);
    this.drawHeard();
    this.calls.onPlayed(stretch);
  }

  get share() {
    return share(this.heard, this.duration);
  }

  // ---- drawing

  /** Take in the wave's shape; bins hold one loudness from 0 to 1 each. */
  async load() {
    const answer = await fetch(`/tape/${this.tape.assignment}/peaks`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`peaks: ${answer.status}`);
    const { duration, per_second: perSecond, peaks } = await answer.json();
    this.duration = duration || this.duration;
    this.perSecond = perSecond;
    const bins = new Float32Array(peaks.length >> 1);
    for (let i = 0; i < bins.length; i++) bins[i] = Math.max(Math.abs(peaks[2 * i]), Math.abs(peaks[2 * i + 1]));
    // A single bang must not flatten the voices.
    const loud = Float32Array.from(bins).sort()[Math.floor(bins.length * 0.995)] || 1;
    this.bins = bins.map((bin) => Math.min(1, bin / loud));
    this.makeSurfer();
    this.drawOver();
    this.page = -1;
    this.showTime();
  }

  /** Loudness of a stretch from 0 to 1: of the close-up the loudest moment counts too, of the whole tape the mean. */
  level(from, to, most = 0.5) {
    if (!this.bins) return 0;
    const first = Math.floor(from * this.perSecond);
    const last = Math.min(this.bins.length, Math.max(first + 1, Math.ceil(to * this.perSecond)));
    let top = 0;
    let sum = 0;
    for (let i = first; i < last; i++) {
      top = Math.max(top, this.bins[i]);
      sum += this.bins[i];
    }
    return last > first ? most * top + ((1 - most) * sum) / (last - first) : 0;
  }

  makeSurfer() {
    this.surfer?.destroy();
    this.surfer = WaveSurfer.create({
      container: document.getElementById("overview-sound"), height: 24, interact: false, cursorWidth: 0, hideScrollbar: true,
      media: this.audio, duration: this.duration, peaks: [Float32Array.from(this.overview(700))], cspNonce: this.nonce,
      renderFunction: (_, context) => this.paint(context),
    });
    this.surfer.on("error", () => {}); // the audio element's own event tells of it
  }

  overview(columns) {
    const step = this.duration / columns;
    return Array.from({ length: columns }, (_, i) => Math.min(1, 1.4 * this.level(i * step, (i + 1) * step, 0)));
  }

  paint(context) {
    const { width, height } = context.canvas;
    const ratio = Math.max(1, Math.round(devicePixelRatio || 1));
    const columns = Math.floor(width / ratio);
    const colors = this.colors();
    context.clearRect(0, 0, width, height);
    this.overview(columns).forEach((level, column) => {
      const middle = ((column + 0.5) / columns) * this.duration;
      const tall = Math.max(ratio, level * height * 0.96);
      context.fillStyle = colors[this.speakerAt(middle)];
      context.fillRect(column * ratio, (height - tall) / 2, ratio, tall);
    });
  }

  colors() {
    const color = (name) => getComputedStyle(document.querySelector(`.probe--${name}`)).color;
    return { therapist: color("therapist"), patient: color("patient"), plain: color("plain") };
  }

  repaint() {
    // Canvas keeps the old theme's colors; the close-up is SVG and follows by itself.
    if (this.surfer) this.surfer.setOptions({ cursorWidth: 0 });
  }

  speakerAt(seconds) {
    const turn = this.turnAt(seconds);
    if (!turn) return "plain";
    return turn.speaker === "therapist" ? "therapist" : "patient";
  }

  /** The last turn that began at or before a moment; null before the first. */
  turnAt(seconds) {
    let low = 0;
    let high = this.turns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.turns[middle].start <= seconds) low = middle + 1;
      else high = middle;
    }
    return low ? this.turns[low - 1] : null;
  }

  setTurns(turns) {
    this.turns = turns;
    document.getElementById("waves").classList.toggle("no-turns", !turns.length);
    document.querySelector(".tiers").classList.toggle("no-turns", !turns.length);
    this.repaint();
    this.drawPage();
  }

  setMarks(marks, dimension) {
    this.marks = marks;
    this.dimension = dimension;
    this.drawPins();
    this.drawPage();
  }

  drawOver() {
    const bed = element("rect", { class: "bed-line", x: 0, y: 14, width: "100%", height: 24, rx: 2 });
    this.heardGroup = element("g", {});
    this.windowRect = element("rect", { class: "window", y: 13, height: 26, rx: 2 });
    this.pinGroup = element("g", {});
    this.overHead = element("line", { class: "head", y1: 10, y2: 40 });
    this.at.over.replaceChildren(bed, this.heardGroup, this.windowRect, this.pinGroup, this.overHead);
    this.drawHeard();
    this.drawPins();
  }

  drawHeard() {
    const rects = [];
    let from = 0;
    for (const [start, end] of [...this.heard, [this.duration, this.duration]]) {
      if (start - from > 0.5) rects.push(element("rect", { class: "unheard", x: percent(from, this.duration), y: 14, width: percent(start - from, this.duration), height: 24 }));
      from = Math.max(from, end);
    }
    this.heardGroup.replaceChildren(...rects);
  }

  drawPins() {
    this.pinGroup.replaceChildren(...this.marks.flatMap((mark) => {
      const x = percent(mark.seconds, this.duration);
      const now = mark.dimension === this.dimension ? " is-now" : "";
      const dot = element("circle", { class: `pin-dot${now}`, cx: x, cy: 6, r: 4, "data-mark": mark.mark });
      return [element("line", { class: `pin${now}`, x1: x, x2: x, y1: 6, y2: 16 }), dot];
    }));
  }

  drawPage() {
    const from = Math.max(0, this.page) * WINDOW;
    const parts = [];
    for (let i = 0; i <= 12; i++) parts.push(element("line", { class: "tick", x1: percent(i, 12), x2: percent(i, 12), y1: 18, y2: 84 }));
    const lines = { therapist: "", patient: "", plain: "" };
    if (this.bins) {
      for (let i = 0; i < COLUMNS; i++) {
        const start = from + (i * WINDOW) / COLUMNS;
        if (start >= this.duration) break;
        const half = Math.max(0.5, this.level(start, start + WINDOW / COLUMNS) * 22);
        lines[this.speakerAt(start)] += `M${i} ${(23 - half).toFixed(1)}V${(23 + half).toFixed(1)}`;
      }
    }
    const sound = element("svg", { x: 0, y: 18, width: "100%", height: 46, viewBox: `0 0 ${COLUMNS} 46`, preserveAspectRatio: "none" });
    for (const [who, d] of Object.entries(lines)) if (d) sound.append(element("path", { class: `w-${who}`, d }));
    parts.push(sound);
    parts.push(element("rect", { class: "bed lane", x: 0, y: 67, width: "100%", height: 7, rx: 2 }));
    parts.push(element("rect", { class: "bed lane", x: 0, y: 77, width: "100%", height: 7, rx: 2 }));
    for (const turn of this.turns) {
      if (turn.end <= from || turn.start >= from + WINDOW) continue;
      const start = Math.max(turn.start, from) - from;
      const end = Math.min(turn.end, from + WINDOW) - from;
      const who = turn.speaker === "therapist" ? "therapist" : "patient";
      parts.push(element("rect", { class: `turn-${who}`, x: percent(start, WINDOW), y: who === "therapist" ? 67 : 77, width: percent(end - start, WINDOW), height: 7, rx: 1 }));
    }
    for (let i = 0; i <= 6; i++) {
      const anchor = i === 0 ? "" : i === 6 ? " t-end" : " t-mid";
      // On a narrow screen every other one is left out.
      parts.push(element("text", { class: `axis-text${anchor}${i % 2 ? " axis-text--odd" : ""}`, x: percent(i, 6), y: 97 }, clock(from + i * 20)));
    }
    const seen = this.marks.filter((mark) => mark.seconds >= from && mark.seconds < from + WINDOW);
    for (const mark of seen) parts.push(...this.flag(mark, from));
    this.closeHead = element("line", { class: "head", y1: 8, y2: 86 });
    this.closeCap = element("svg", { y: 0, overflow: "visible" });
    this.closeCap.append(element("path", { class: "head-cap", d: "M-6 4h12l-6 8z" }));
    this.at.close.replaceChildren(...parts, this.closeHead, this.closeCap);
    const names = seen.map((mark) => `${mark.letter.toUpperCase()} ${clock(mark.seconds)}`).join(", ");
    this.at.close.setAttribute("aria-label", this.words("waveform", { from: clock(from), to: clock(Math.min(from + WINDOW, this.duration)), marks: names || this.words("none") }));
    this.placeHeads();
  }

  flag(mark, from) {
    const x = percent(mark.seconds - from, WINDOW);
    const now = mark.dimension === this.dimension;
    const box = element("svg", { x, y: 0, overflow: "visible", class: "flag-box", "data-mark": mark.mark });
    box.append(element("rect", { class: now ? "flag" : "flag flag--other", x: -8, y: 0, width: 16, height: 16, rx: 2 }));
    box.append(element("text", { class: now ? "flag-text" : "flag-text flag-text--other", x: 0, y: 12 }, mark.letter.toUpperCase()));
    return [element("line", { class: now ? "pin is-now" : "pin", x1: x, x2: x, y1: 12, y2: 64 }), box];
  }

  placeHeads() {
    const time = this.time;
    const whole = percent(time, this.duration);
    this.overHead.setAttribute("x1", whole);
    this.overHead.setAttribute("x2", whole);
    const near = percent(time - Math.max(0, this.page) * WINDOW, WINDOW);
    this.closeHead.setAttribute("x1", near);
    this.closeHead.setAttribute("x2", near);
    this.closeCap.setAttribute("x", near);
  }

  showTime() {
    const time = this.time;
    const page = Math.floor(time / WINDOW);
    if (page !== this.page) {
      this.page = page;
      this.windowRect.setAttribute("x", percent(page * WINDOW, this.duration));
      this.windowRect.setAttribute("width", percent(Math.min(WINDOW, this.duration - page * WINDOW), this.duration));
      this.drawPage();
    } else {
      this.placeHeads();
    }
    this.calls.onTime(time);
  }

  /** Clicks and drags on the waves go to their place; a pin goes to its mark. */
  attach() {
    const place = (event, box, from, length) => {
      const mark = event.target.closest?.("[data-mark]");
      const found = mark && this.marks.find((one) => one.mark === mark.dataset.mark);
      if (found) return found.seconds;
      const { left, width } = box.getBoundingClientRect();
      return from + (Math.min(Math.max(0, event.clientX - left), width) / width) * length;
    };
    const over = document.getElementById("overview");
    const close = this.at.close;
    over.addEventListener("pointerdown", (event) => event.button === 0 && this.seek(place(event, over, 0, this.duration)));
    close.addEventListener("pointerdown", (event) => event.button === 0 && this.seek(place(event, close, this.page * WINDOW, WINDOW)));
    const media = matchMedia("(prefers-color-scheme: dark)");
    media.addEventListener("change", () => this.repaint());
    document.addEventListener("bordin:theme", () => this.repaint());
  }
}
