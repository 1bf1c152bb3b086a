// Moments of the tape: the transcript that follows it, and the evidence marks.
import { clock } from "./player.js";

const NOTE_PAUSE = 800;
const TRASH = "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9";

function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Scroll a box so that a child is in view, without moving the page. */
function reveal(box, child, share) {
  const outer = box.getBoundingClientRect();
  const inner = child.getBoundingClientRect();
  if (share === undefined && inner.top >= outer.top && inner.bottom <= outer.bottom) return;
  box.scrollTop += inner.top - outer.top - (outer.height - inner.height) * (share ?? 0.5);
}

export class Transcript {
  constructor({ tape, words, player }) {
    Object.assign(this, { tape, words, player });
    this.box = document.getElementById("turns");
    this.list = this.box.querySelector("ol");
    this.says = document.getElementById("turns-says");
    this.follow = document.getElementById("follow");
    this.rows = [];
    this.now = null;
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) player.play(Number(button.dataset.seconds));
    });
  }

  async load() {
    let body;
    try {
      const answer = await fetch(`/tape/${this.tape.assignment}/transcript`, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(`transcript: ${answer.status}`);
      body = await answer.json();
    } catch {
      this.says.textContent = this.words("turns-failed");
      return;
    }
    const turns = (body.turns || []).slice().sort((a, b) => a.start - b.start);
    this.says.hidden = turns.length > 0;
    if (!turns.length) this.says.textContent = this.words("turns-none");
    const notice = document.getElementById("turns-notice");
    notice.textContent = body.notice || "";
    notice.hidden = !body.notice;
    this.turns = turns;
    this.rows = turns.map((turn) => this.row(turn));
    this.list.replaceChildren(...this.rows);
    this.player.setTurns(turns);
    this.letters(this.player.marks, this.player.dimension);
    this.show(this.player.time);
  }

  row(turn) {
    const therapist = turn.speaker === "therapist";
    // The verbs on tapes say client.
    const patient = turn.speaker === "patient" || turn.speaker === "client";
    const name = therapist || patient ? this.words(therapist ? "therapist" : "patient") : turn.speaker;
    const time = make("button", { type: "button", class: "turn__time", "data-seconds": turn.start, "aria-label": this.words("play-from", { time: clock(turn.start) }) }, clock(turn.start));
    const text = make("p");
    // Names taken out by de-identification stand in square brackets.
    for (const part of turn.text.split(/(\[[^\]]*\])/)) text.append(/^\[.*\]$/.test(part) ? make("span", { class: "gap" }, part) : part);
    return make("li", { class: `turn turn--${therapist ? "therapist" : "patient"}` }, make("div", {}, time, make("b", {}, name)), text, make("span", { class: "turn__letters" }));
  }

  /** Show at each turn which marks fall into it. */
  letters(marks, dimension) {
    if (!this.rows.length) return;
    const byTurn = new Map();
    for (const mark of marks) {
      const turn = this.player.turnAt(mark.seconds);
      if (turn) byTurn.set(turn, [...(byTurn.get(turn) || []), mark]);
    }
    this.turns.forEach((turn, i) => {
      const cell = this.rows[i].lastElementChild;
      const found = byTurn.get(turn) || [];
      if (!found.length && !cell.childElementCount) return;
      cell.replaceChildren(...found.map((mark) => make("span", { class: mark.dimension === dimension ? "letter letter--on" : "letter", title: mark.name }, mark.letter.toUpperCase())));
    });
  }

  show(time) {
    const turn = this.player.turnAt(time);
    if (turn === this.now || !this.rows.length) return;
    this.now = turn;
    for (const row of this.list.querySelectorAll(".is-now")) {
      row.classList.remove("is-now");
      row.removeAttribute("aria-current");
    }
    const row = turn && this.rows[this.turns.indexOf(turn)];
    if (!row) return;
    row.classList.add("is-now");
    row.setAttribute("aria-current", "true");
    if (this.follow.checked && !this.box.contains(document.activeElement)) reveal(this.box, row, 0.4);
  }
}

export class Marks {
  /** @param calls onNote(mark, text), onRemove(mark), onJump(mark) */
  constructor({ words, locked, calls }) {
    Object.assign(this, { words, locked, calls });
    this.box = document.getElementById("marks");
    this.table = this.box.querySelector("table");
    this.body = this.table.querySelector("tbody");
    this.says = document.getElementById("marks-says");
    this.rows = new Map();
    this.marks = [];
    this.only = false;
    for (const radio of document.querySelectorAll("input[name=show]")) {
      radio.addEventListener("change", () => {
        this.only = document.querySelector("input[name=show]:checked").value === "one";
        this.render(this.marks, this.dimension);
      });
    }
    this.body.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const mark = button && this.marks.find((one) => one.mark === button.closest("tr").dataset.mark);
      if (!mark) return;
      if (button.dataset.remove !== undefined) this.calls.onRemove(mark);
      else this.calls.onJump(mark);
    });
    this.body.addEventListener("input", (event) => this.noted(event.target, NOTE_PAUSE));
    this.body.addEventListener("focusout", (event) => event.target.matches("input") && this.noted(event.target, 0));
    this.body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input")) event.target.blur();
    });
    this.timers = new Map();
  }

  noted(input, pause) {
    const id = input.closest("tr").dataset.mark;
    clearTimeout(this.timers.get(id));
    const send = () => {
      this.timers.delete(id);
      const mark = this.marks.find((one) => one.mark === id);
      if (mark && mark.note !== input.value) this.calls.onNote(mark, input.value);
    };
    if (pause) this.timers.set(id, setTimeout(send, pause));
    else send();
  }

  /** Before the page goes: notes still waiting for the end of a word. */
  finish() {
    for (const id of [...this.timers.keys()]) this.noted(this.rows.get(id).querySelector("input"), 0);
  }

  /** Show marks in time. A row that is being written in stays the same element. */
  render(marks, dimension) {
    this.marks = marks;
    this.dimension = dimension;
    document.getElementById("marks-all").textContent = marks.length;
    document.getElementById("marks-one").textContent = marks.filter((mark) => mark.dimension === dimension).length;
    this.says.hidden = marks.length > 0;
    this.table.hidden = !marks.length;
    const kept = new Set(marks.map((mark) => mark.mark));
    for (const [id, row] of this.rows) {
      if (kept.has(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    let before = null;
    for (const mark of marks) {
      if (!this.rows.has(mark.mark)) this.rows.set(mark.mark, this.row(mark));
      const row = this.rows.get(mark.mark);
      row.hidden = this.only && mark.dimension !== dimension;
      row.querySelector(".letter").classList.toggle("letter--on", mark.dimension === dimension);
      const input = row.querySelector("input");
      if (document.activeElement !== input && !this.timers.has(mark.mark)) input.value = mark.note || "";
      const place = before ? before.nextElementSibling : this.body.firstElementChild;
      if (place !== row) this.body.insertBefore(row, place);
      before = row;
    }
  }

  row(mark) {
    const time = clock(mark.seconds);
    const jump = make("button", { type: "button", class: "turn__time", "aria-label": this.words("play-from", { time }) }, time);
    const letter = make("span", { class: "letter", title: mark.name, "aria-hidden": "true" }, mark.letter.toUpperCase());
    const note = make("input", { type: "text", class: "note-line", "aria-label": this.words("note-at", { time }), placeholder: this.locked ? "" : this.words("note-here"), maxlength: 500, autocomplete: "off" });
    note.readOnly = this.locked;
    const remove = make("button", { type: "button", class: "button button--quiet button--small button--icon", "data-remove": "", "aria-label": this.words("remove-mark", { time }) }, icon(TRASH));
    remove.hidden = this.locked;
    return make("tr", { "data-mark": mark.mark }, make("td", {}, jump), make("td", {}, letter, make("span", { class: "visually-hidden" }, mark.name)), make("td", {}, note), make("td", {}, remove));
  }

  lock() {
    this.locked = true;
    for (const row of this.rows.values()) {
      row.querySelector("input").readOnly = true;
      row.querySelector("[data-remove]").hidden = true;
    }
  }

  reveal(id) {
    const row = this.rows.get(id);
    if (row && !row.hidden) reveal(this.box, row);
  }

  /** The next mark after a time, or the one before it, among those shown. */
  near(time, direction) {
    const shown = this.marks.filter((mark) => !this.only || mark.dimension === this.dimension);
    if (direction > 0) return shown.find((mark) => mark.seconds > time + 0.3);
    // A second of grace, so that pressing again goes on to the one before.
    return shown.filter((mark) => mark.seconds < time - 1).pop();
  }
}
