// Keys: what they do, how they are written, and the sheet where a coder changes them. A key is matched by the
// character typed, not by its place, so that every keyboard layout has its own brackets and letters.
import { headers } from "./outbox.js";

const USUAL = {
  play: ["Space", "Escape", "F4"], back: ["ArrowLeft"], forward: ["ArrowRight"], back_far: ["Shift+ArrowLeft"],
  forward_far: ["Shift+ArrowRight"], back_little: [","], forward_little: ["."], slower: ["<"], faster: [">"],
  next: ["ArrowDown"], previous: ["ArrowUp"], nc: ["x"], mark_previous: ["["], mark_next: ["]"], memo: ["m"],
  undo: ["Ctrl+z"], redo: ["Ctrl+Shift+z", "Ctrl+y"], lock: ["Ctrl+Enter"], keys: ["?"],
};
const ARROWS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
const UNSENT = "bordin.keys.";
const DIGIT_PAUSE = 700;

/** One name for a key press: "r", "?", "Shift+ArrowLeft", "Ctrl+Shift+z", "Space". */
export function combination(event) {
  let key = event.key === " " || event.key === "Spacebar" ? "Space" : event.key;
  // AltGr is reported as Ctrl and Alt on some systems; it only makes the character.
  const graph = event.getModifierState?.("AltGraph");
  const control = (event.ctrlKey || event.metaKey) && !graph;
  const alt = event.altKey && !graph && !(event.ctrlKey && key.length === 1);
  const letter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  if (letter) key = key.toLowerCase();
  const shift = event.shiftKey && (letter || key.length > 1);
  return `${control ? "Ctrl+" : ""}${alt ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

/** Whether keys typed there belong to the field. */
export function isField(target) {
  return target.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])") ?? false;
}

export class Keys {
  /** @param calls onAction(name), onDimension(id, onlyGo), onDigit(character) -> bool, busy() -> bool */
  constructor({ tape, words, calls }) {
    Object.assign(this, { tape, words, calls });
    this.kept = UNSENT + tape.assignment;
    this.own = this.unsent() ?? { ...tape.keys };
    this.sheet = document.getElementById("key-sheet");
    this.says = document.getElementById("key-says");
    this.waiting = null;
    this.bind();
    this.fillSheet();
    document.addEventListener("keydown", (event) => this.press(event));
    if (this.unsent()) this.save();
  }

  /** Keys chosen at an earlier visit that did not reach the server; null when there are none. */
  unsent() {
    try {
      return JSON.parse(localStorage.getItem(this.kept));
    } catch {
      return null;
    }
  }

  /** Work out who has which key; a coder's own choice takes the place of the first usual one. */
  bind() {
    this.map = new Map();
    this.shown = {};
    for (const [action, usual] of Object.entries(USUAL)) {
      const keys = this.own[action] ? [this.own[action], ...usual.slice(1)] : usual;
      this.shown[action] = keys[0];
      for (const key of keys) if (!this.map.has(key)) this.map.set(key, { action });
    }
    for (const { id, key } of this.tape.dimensions) {
      const letter = (this.own[id] || key || "").toLowerCase();
      this.shown[id] = letter;
      if (!letter) continue;
      if (!this.map.has(letter)) this.map.set(letter, { dimension: id });
      if (!this.map.has(`Shift+${letter}`)) this.map.set(`Shift+${letter}`, { dimension: id, go: true });
    }
    for (const cap of document.querySelectorAll("[data-keycap]")) cap.textContent = this.cap(this.shown[cap.dataset.keycap] || "");
  }

  /** How a key is printed on its cap. */
  cap(key) {
    const parts = key === "+" ? ["+"] : key.split(/\+(?=.)/);
    return parts.map((part) => {
      if (ARROWS[part]) return ARROWS[part];
      const word = { Ctrl: "ctrl", Shift: "shift", Space: "space", Enter: "enter" }[part];
      if (word) return this.words(word);
      return part.length === 1 ? part.toUpperCase() : part;
    }).join(" ");
  }

  press(event) {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const name = combination(event);
    const field = isField(event.target);
    if (field && !/^(Escape$|F\d+$|Ctrl\+)/.test(name)) return;
    // Text fields undo their own text.
    if (field && /^Ctrl\+(Shift\+)?[zy]$/.test(name)) return;
    const native = event.target.matches?.("button, a, summary, input[type=checkbox], [role=slider]");
    if (native && (name === "Space" || name === "Enter")) {
      if (!event.target.matches("[role=slider]")) return;
    }
    if (!event.ctrlKey && !event.metaKey && this.calls.onDigit(name)) {
      event.preventDefault();
      return;
    }
    const found = this.map.get(name);
    if (!found) return;
    event.preventDefault();
    if (event.repeat && !/^(back|forward|slower|faster|next|previous)/.test(found.action || "")) return;
    if (found.dimension) this.calls.onDimension(found.dimension, Boolean(found.go));
    else this.calls.onAction(found.action);
  }

  // ---- the sheet

  open() {
    this.says.textContent = "";
    this.sheet.showModal();
  }

  what(action) {
    return this.sheet.querySelector(`tr[data-action="${CSS.escape(action)}"] th`).firstChild.textContent.trim();
  }

  fillSheet() {
    for (const row of this.sheet.querySelectorAll("tr[data-action]")) {
      const { action } = row.dataset;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button--small key-button";
      const cap = document.createElement("kbd");
      cap.dataset.keycap = action;
      cap.textContent = this.cap(this.shown[action] || "");
      button.append(cap);
      button.setAttribute("aria-label", `${this.words("change-key", { what: this.what(action) })} (${cap.textContent})`);
      button.addEventListener("click", () => this.ask(action, button));
      row.lastElementChild.replaceChildren(button);
    }
    this.sheet.addEventListener("keydown", (event) => this.take(event), true);
    this.sheet.addEventListener("cancel", (event) => this.waiting && event.preventDefault());
    this.sheet.addEventListener("close", () => this.leave());
    document.getElementById("keys-reset").addEventListener("click", () => {
      this.own = {};
      this.changed();
    });
  }

  ask(action, button) {
    this.leave();
    this.waiting = { action, button };
    button.classList.add("is-waiting");
    this.says.textContent = this.words("press-key");
  }

  leave() {
    this.waiting?.button.classList.remove("is-waiting");
    this.waiting = null;
  }

  take(event) {
    if (!this.waiting || ["Shift", "Control", "Alt", "Meta", "AltGraph", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const { action } = this.waiting;
    const name = combination(event);
    if (name === "Escape") {
      this.leave();
      this.says.textContent = "";
      return;
    }
    if (/^[0-9]$/.test(name)) {
      this.says.textContent = this.words("key-digit");
      return;
    }
    const owner = this.map.get(name);
    const holder = owner && (owner.action || owner.dimension);
    if (holder && holder !== action) {
      this.says.textContent = this.words("key-taken", { key: this.cap(name), what: this.what(holder) });
      return;
    }
    this.leave();
    this.own[action] = name;
    this.changed();
  }

  changed() {
    this.bind();
    for (const row of this.sheet.querySelectorAll("tr[data-action]")) {
      const { action } = row.dataset;
      row.querySelector("button").setAttribute("aria-label", `${this.words("change-key", { what: this.what(action) })} (${this.cap(this.shown[action] || "")})`);
    }
    this.save();
    this.calls.onKeys?.();
  }

  async save() {
    let saved = false;
    try {
      localStorage.setItem(this.kept, JSON.stringify(this.own));
    } catch {
      // The request below is then the only copy.
    }
    try {
      const answer = await fetch("/keys/", { method: "POST", headers: headers(), credentials: "same-origin", body: JSON.stringify({ keys: this.own }) });
      saved = answer.ok;
    } catch {
      saved = false;
    }
    if (saved) localStorage.removeItem(this.kept);
    this.says.textContent = this.words(saved ? "key-saved" : "key-unsaved");
  }
}

/**
 * A point typed digit by digit. It counts at once where nothing longer can follow; where 10 or 1.5 could follow a
 * 1, it waits for the next digit, for Enter, or for a moment.
 */
export class Points {
  /** @param calls dimension(), show(text), give(value), refuse(text) */
  constructor(calls) {
    this.calls = calls;
    this.text = "";
    this.timer = 0;
  }

  /** Take a character as part of a point; false when it is none. */
  take(name) {
    const { points } = this.calls.dimension();
    if (this.text && name === "Enter") {
      this.commit();
      return true;
    }
    if (this.text && name === "Backspace") {
      this.clear();
      return true;
    }
    const sign = !this.text && name === "-" && points.some((point) => point < 0);
    const decimal = this.text && (name === "." || name === ",") && points.some((point) => !Number.isInteger(point));
    if (!/^[0-9]$/.test(name) && !sign && !decimal) return false;
    clearTimeout(this.timer);
    const text = this.text + (decimal ? "." : name);
    const longer = points.some((point) => String(point).startsWith(text) && String(point) !== text);
    this.text = text;
    if (longer) {
      this.calls.show(text);
      this.timer = setTimeout(() => this.commit(), DIGIT_PAUSE);
    } else {
      this.commit();
    }
    return true;
  }

  clear() {
    clearTimeout(this.timer);
    const { text } = this;
    this.text = "";
    if (text) this.calls.show("");
    return text;
  }

  commit() {
    const text = this.clear();
    if (!text) return;
    if (this.calls.dimension().points.includes(Number(text))) this.calls.give(Number(text));
    else this.calls.refuse(text);
  }
}
