// The rating screen: what the coder gave, how it is shown, and what each key and button does. Every change goes
// through the outbox; the form itself never changes size.
import { Keys, Points } from "./keys.js";
import { Marks, Transcript } from "./moments.js";
import { Corner, headers, Outbox } from "./outbox.js";
import { clock, Player } from "./player.js";

const byId = (id) => document.getElementById(id);
const MEMO_PAUSE = 800;
const REASON_PAUSE = 1500;
const STEPS = 300;

const tape = JSON.parse(byId("tape-data").textContent);
const dimensions = new Map(tape.dimensions.map((dimension) => [dimension.id, dimension]));
const order = [...dimensions.keys()];

function words(key, values = {}) {
  const text = byId("words").getAttribute(`data-${key}`) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
const plural = (key, n) => words(`${key}-${n === 1 ? "one" : "other"}`, { n });

// Steps hold values, and other coders may use this computer: they end with the tab. Comfort stays with the browser.
function stored(key, otherwise, place = "localStorage") {
  try {
    return JSON.parse(window[place].getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
function store(key, value, place = "localStorage") {
  try {
    window[place].setItem(key, JSON.stringify(value));
  } catch {
    // Comfort only: the outbox says when this browser keeps nothing.
  }
}

// ---- what was given

const copy = (value) => (value ? { ...value } : null);
const state = {
  ratings: Object.fromEntries(order.map((id) => [id, copy(tape.ratings[id])])),
  marks: new Map(tape.marks.map((mark) => [mark.mark, { ...mark }])),
  memo: tape.memo || "",
  now: null,
  locked: Boolean(tape.locked),
};
const saved = { ratings: { ...state.ratings }, marks: new Map(state.marks) };
const settings = { rewind: 1.5, reaction: 1, ...stored("bordin.listening", {}) };
const stepsKey = `bordin.undo.${tape.assignment}`;
const steps = { undo: [], redo: [], ...stored(stepsKey, {}, "sessionStorage") };

const rated = (id) => Boolean(state.ratings[id]) && !state.ratings[id].draft;
const notCodable = (rating) => Boolean(rating) && rating.value === null;

function ratingChange(id, rating) {
  if (!rating) return { kind: "rating", dimension: id, value: null };
  return notCodable(rating) ? { kind: "rating", dimension: id, value: null, reason: rating.reason } : { kind: "rating", dimension: id, value: rating.value };
}

function markChange(before, after) {
  if (!after) return { kind: "unmark", mark: before.mark };
  return { kind: "mark", mark: after.mark, dimension: after.dimension, seconds: after.seconds, note: after.note || "" };
}

/** Take one step in the state, into the outbox, and onto the page. */
function perform(step, before, after) {
  let change;
  if (step.kind === "rating") {
    state.ratings[step.dimension] = copy(after);
    refusals.delete(step.dimension);
    change = ratingChange(step.dimension, after);
  } else {
    if (after) state.marks.set(after.mark, { ...after });
    else state.marks.delete(before.mark);
    change = markChange(before, after);
  }
  step.sent = outbox.add(change);
  if (step.kind === "rating") showDimension(step.dimension);
  showMarks();
  showSum();
}

function give(step) {
  if (state.locked) return;
  perform(step, step.before, step.after);
  steps.undo.push(step);
  if (steps.undo.length > STEPS) steps.undo.shift();
  steps.redo.length = 0;
  store(stepsKey, steps, "sessionStorage");
}

function undo(from, to, forward) {
  const step = !state.locked && steps[from].pop();
  if (!step) {
    say(words(forward ? "nothing-redo" : "nothing-undo"));
    return;
  }
  if (forward) perform(step, step.before, step.after);
  else perform(step, step.after, step.before);
  steps[to].push(step);
  store(stepsKey, steps, "sessionStorage");
  if (step.kind === "rating") goTo(step.dimension);
  say(words(forward ? "redone" : "undone"));
}

function rate(id, value, reason = "") {
  const before = state.ratings[id];
  if (state.locked || (before && !before.draft && before.value === value && (before.reason || "") === reason)) return;
  give({ kind: "rating", dimension: id, before: before && !before.draft ? copy(before) : copy(before?.was), after: { value, reason } });
}

/** Not codable needs a reason before it is a rating: until then it is a draft on this page. */
function markNotCodable(id) {
  const before = state.ratings[id];
  if (state.locked) return;
  if (!notCodable(before)) state.ratings[id] = { value: null, reason: "", draft: true, was: copy(before) };
  goTo(id);
  showDimension(id);
  showSum();
  byId("nc-reason").focus({ preventScroll: true });
}

function setMark(id) {
  if (state.locked) return;
  const seconds = Math.round(Math.max(0, player.time - settings.reaction) * 10) / 10;
  const mark = { mark: crypto.randomUUID(), dimension: id, seconds, note: "" };
  goTo(id);
  give({ kind: "mark", before: null, after: mark });
  marks.reveal(mark.mark);
  say(words("marked", { name: dimensions.get(id).name, time: clock(seconds) }));
}

// ---- outbox and the corner that tells of it

const refusals = new Map();
const corner = new Corner(words, () => say(words("storage"), true));
const outbox = new Outbox(tape.assignment, {
  onState: (now) => corner.show(now),
  onSaved: (change) => {
    if (change.kind === "rating") saved.ratings[change.dimension] = asRating(change);
    if (change.kind === "mark") saved.marks.set(change.mark, asMark(change));
    if (change.kind === "unmark") saved.marks.delete(change.mark);
  },
  onRefused: (change, message) => {
    const later = outbox.pending();
    for (const list of [steps.undo, steps.redo]) {
      const at = list.findIndex((step) => step.sent === change.id);
      if (at >= 0) list.splice(at, 1);
    }
    store(stepsKey, steps, "sessionStorage");
    if (change.kind === "rating" && !later.some((one) => one.dimension === change.dimension && one.kind === "rating")) {
      state.ratings[change.dimension] = copy(saved.ratings[change.dimension]);
      refusals.set(change.dimension, message);
      showDimension(change.dimension);
    }
    if (change.mark && !later.some((one) => one.mark === change.mark)) {
      const kept = saved.marks.get(change.mark);
      if (kept) state.marks.set(change.mark, { ...kept });
      else state.marks.delete(change.mark);
    }
    showMarks();
    showSum();
    if (change.kind !== "play") say(message, true);
  },
  onLocked: (message) => lockPage(message || words("locked-elsewhere")),
});

const asRating = (change) => (change.value === null && !change.reason ? null : { value: change.value, reason: change.reason || "" });
const asMark = ({ mark, dimension, seconds, note }) => ({ mark, dimension, seconds, note });

/** Changes of an earlier visit that the server does not have yet stand on the page as they were given. */
function replay() {
  for (const change of outbox.pending()) {
    if (change.kind === "rating" && dimensions.has(change.dimension)) state.ratings[change.dimension] = asRating(change);
    if (change.kind === "mark") state.marks.set(change.mark, asMark(change));
    if (change.kind === "unmark") state.marks.delete(change.mark);
    if (change.kind === "memo") state.memo = change.text;
    if (change.kind === "play") tape.heard.push([change.start, change.end]);
  }
}

// ---- what is shown

function say(text, warns = false) {
  const line = byId("dock-says");
  line.textContent = text || line.dataset.rest;
  line.title = text.length > 60 ? text : "";
  line.classList.toggle("is-warning", warns);
}

const row = (id) => document.querySelector(`.dim[data-dimension="${CSS.escape(id)}"]`);

function showDimension(id) {
  const box = row(id);
  const rating = state.ratings[id];
  const value = notCodable(rating) ? "nc" : rating ? Number(rating.value) : null;
  for (const radio of box.querySelectorAll("input[type=radio]")) radio.checked = value === "nc" ? radio.value === "nc" : value !== null && radio.value !== "nc" && Number(radio.value) === value;
  const number = box.querySelector("input.points");
  if (number && document.activeElement !== number) number.value = typeof value === "number" ? value : "";
  const note = box.querySelector("small");
  const refused = refusals.get(id);
  const text = refused ? words("not-taken") : rating?.draft ? words("choose-reason") : rating?.reason || "";
  note.textContent = text;
  note.title = refused || text;
  note.hidden = !text;
  box.classList.toggle("is-refused", Boolean(refused || rating?.draft));
  for (const anchor of document.querySelectorAll(`.anchors__set[data-of="${CSS.escape(id)}"] .anchor`)) anchor.classList.toggle("is-chosen", Number(anchor.dataset.point) === value);
  if (id === state.now) showReason();
}

function showReason() {
  const select = byId("nc-reason");
  const rating = state.ratings[state.now];
  const open = notCodable(rating) && !state.locked;
  select.disabled = !open;
  select.setAttribute("aria-disabled", String(!open));
  select.options[0].textContent = words(open ? "reason-which" : "reason-first");
  if (document.activeElement !== select) select.value = notCodable(rating) ? rating.reason : "";
}

function showMarks() {
  const list = [...state.marks.values()].sort((a, b) => a.seconds - b.seconds || (a.mark < b.mark ? -1 : 1))
    .map((mark) => ({ ...mark, name: dimensions.get(mark.dimension)?.name ?? mark.dimension, letter: keys.shown[mark.dimension] || "?" }));
  for (const id of order) {
    const count = list.filter((mark) => mark.dimension === id).length;
    row(id).querySelector(".dim__count").textContent = count ? plural("mark", count) : "–";
  }
  player.setMarks(list, state.now);
  marks.render(list, state.now);
  transcript.letters(list, state.now);
}

function showSum() {
  const left = order.filter((id) => !rated(id)).length;
  const heard = Math.floor(player.share * 100 + 1e-6);
  byId("fact-heard").textContent = `${heard}%`;
  byId("fact-rated").textContent = order.length - left;
  if (state.locked) return;
  const button = byId("lock");
  button.setAttribute("aria-disabled", String(left > 0));
  button.classList.toggle("button--main", left === 0);
  const first = left ? plural("left", left) : words("all-rated");
  byId("lock-why").textContent = heard >= 100 ? words("hear-done", { left: first }) : words("hear-left", { left: first, percent: 100 - heard });
}

/** Make a dimension the current one: its anchors and its section of the manual come to the fore. */
function setCurrent(id) {
  if (state.now === id) return;
  if (state.now) points.commit();
  state.now = id;
  for (const box of document.querySelectorAll(".dim")) box.classList.toggle("is-now", box.dataset.dimension === id);
  for (const set of document.querySelectorAll(".anchors__set")) set.classList.toggle("is-shown", set.dataset.of === id);
  for (const part of document.querySelectorAll("#manual > [data-of]")) part.hidden = part.dataset.of !== id;
  byId("manual").scrollTop = 0;
  byId("manual-of").textContent = `: ${dimensions.get(id).name}`;
  showReason();
  showMarks();
}

function goTo(id) {
  setCurrent(id);
  const box = row(id);
  // Not the number field of a long scale: digits reach it from anywhere, letters would not leave it.
  const input = box.querySelector("input:checked") || box.querySelector("input[type=radio]");
  if (!input.disabled) input.focus({ preventScroll: true });
  const dims = byId("dims");
  const outer = dims.getBoundingClientRect();
  const inner = box.getBoundingClientRect();
  if (inner.top < outer.top) dims.scrollTop += inner.top - outer.top;
  else if (inner.bottom > outer.bottom) dims.scrollTop += inner.bottom - outer.bottom;
}

function move(by) {
  const at = order.indexOf(state.now) + by;
  if (at >= 0 && at < order.length) goTo(order[at]);
}

// ---- points by digits

const points = new Points({
  dimension: () => dimensions.get(state.now),
  show: (text) => {
    if (text) row(state.now).querySelector(".dim__count").textContent = words("typed", { value: text });
    else showMarks();
  },
  give: (value) => rate(state.now, value),
  refuse: (value) => say(words("not-point", { value, low: dimensions.get(state.now).low, high: dimensions.get(state.now).high }), true),
});

// ---- parts

let following = null; // the transcript, once there is one
const player = new Player({
  tape, words, settings, nonce: document.querySelector('meta[name="csp-nonce"]').nonce,
  calls: {
    onTime: (time) => {
      byId("clock").textContent = clock(time);
      following?.show(time);
      const slider = byId("overview");
      if (Math.floor(time) !== Number(slider.getAttribute("aria-valuenow"))) slider.setAttribute("aria-valuenow", Math.floor(time));
    },
    onPlayed: (stretch) => {
      if (!state.locked) outbox.add({ kind: "play", ...stretch });
      showSum();
    },
    onPlaying: (on) => {
      document.body.classList.toggle("is-playing", on);
      byId("play-word").textContent = words(on ? "pause" : "play");
    },
    onTrouble: (what) => {
      byId("player-says").textContent = what ? words(`${what}-failed`) : "";
    },
  },
});
const transcript = new Transcript({ tape, words, player });
following = transcript;
const marks = new Marks({
  words, locked: state.locked,
  calls: {
    onJump: (mark) => player.seek(mark.seconds),
    onNote: (mark, text) => {
      const before = state.marks.get(mark.mark);
      if (before) give({ kind: "mark", before: { ...before }, after: { ...before, note: text } });
    },
    onRemove: (mark) => {
      give({ kind: "mark", before: { ...state.marks.get(mark.mark) }, after: null });
      say(words("unmarked", { time: clock(mark.seconds) }));
      byId("marks").focus({ preventScroll: true });
    },
  },
});

const jump = (direction) => {
  const mark = marks.near(player.time, direction);
  if (mark) player.seek(mark.seconds);
  if (mark) marks.reveal(mark.mark);
};
const actions = {
  play: () => player.toggle(), back: () => player.skip(-3), forward: () => player.skip(3), back_far: () => player.skip(-15), forward_far: () => player.skip(15),
  back_little: () => player.skip(-0.2), forward_little: () => player.skip(0.2), slower: () => player.faster(-1), faster: () => player.faster(1),
  next: () => move(1), previous: () => move(-1), nc: () => markNotCodable(state.now), mark_previous: () => jump(-1), mark_next: () => jump(1),
  memo: () => byId("memo").focus({ preventScroll: true }), undo: () => undo("undo", "redo", false), redo: () => undo("redo", "undo", true),
  lock: () => askLock(), keys: () => keys.open(),
};
const keys = new Keys({
  tape, words,
  calls: {
    onAction: (name) => {
      if (name !== "play") points.commit();
      actions[name]();
    },
    onDimension: (id, onlyGo) => (onlyGo ? goTo(id) : setMark(id)),
    onDigit: (name) => !state.locked && points.take(name),
    onKeys: () => showMarks(),
  },
});

// ---- memo, reason, radios

let memoTimer = 0;
function sendMemo() {
  clearTimeout(memoTimer);
  const text = byId("memo").value;
  if (state.locked || text === state.memo) return;
  state.memo = text;
  outbox.add({ kind: "memo", text });
}

let reasonTimer = 0;
function sendReason(id) {
  clearTimeout(reasonTimer);
  const { value } = byId("nc-reason");
  if (value && notCodable(state.ratings[id])) rate(id, null, value);
}

function wireForm() {
  const memo = byId("memo");
  memo.addEventListener("input", () => {
    clearTimeout(memoTimer);
    memoTimer = setTimeout(sendMemo, MEMO_PAUSE);
  });
  memo.addEventListener("blur", sendMemo);
  const form = byId("ratings");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("focusin", (event) => {
    const box = event.target.closest(".dim");
    if (box) setCurrent(box.dataset.dimension);
  });
  form.addEventListener("change", (event) => {
    const box = event.target.closest(".dim");
    if (!box) return;
    const id = box.dataset.dimension;
    if (event.target.value === "nc") markNotCodable(id);
    else if (event.target.type === "radio") rate(id, Number(event.target.value));
    else if (dimensions.get(id).points.includes(Number(event.target.value)) && event.target.value !== "") rate(id, Number(event.target.value));
    else say(words("not-point", { value: event.target.value, low: dimensions.get(id).low, high: dimensions.get(id).high }), true);
  });
  const select = byId("nc-reason");
  [...select.options].slice(1).forEach((option, i) => {
    option.value = option.textContent;
    option.label = `${i + 1}  ${option.textContent}`;
  });
  let pointed = false;
  const done = () => {
    sendReason(state.now);
    goTo(state.now);
  };
  select.addEventListener("pointerdown", () => { pointed = true; });
  select.addEventListener("change", () => {
    clearTimeout(reasonTimer);
    if (pointed) done();
    else reasonTimer = setTimeout(() => sendReason(state.now), REASON_PAUSE);
    pointed = false;
  });
  select.addEventListener("blur", () => sendReason(state.now));
  select.addEventListener("keydown", (event) => {
    pointed = false;
    if (/^[1-9]$/.test(event.key) && select.options[Number(event.key)]) select.selectedIndex = Number(event.key);
    else if (event.key !== "Enter") return;
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    done();
  });
}

// ---- lock

function lockPage(message) {
  state.locked = true;
  document.body.classList.add("is-locked");
  for (const input of document.querySelectorAll("#ratings input")) input.disabled = true;
  byId("memo").readOnly = true;
  marks.lock();
  byId("lock").setAttribute("aria-disabled", "true");
  byId("lock").classList.remove("button--main");
  byId("lock-word").textContent = words("locked");
  byId("lock-why").textContent = message;
  showReason();
  say(message, true);
}

function askLock() {
  if (state.locked) return;
  const left = order.filter((id) => !rated(id));
  if (left.length) {
    say(`${plural("left", left.length)}: ${left.map((id) => dimensions.get(id).name).join(", ")}`, true);
    goTo(left[0]);
    return;
  }
  byId("lock-heard").textContent = words("lock-heard", { percent: Math.floor(player.share * 100 + 1e-6) });
  byId("lock-says").textContent = "";
  byId("lock-sheet").showModal();
}

async function lock() {
  const button = byId("lock-yes");
  const says = byId("lock-says");
  if (button.disabled) return;
  sendMemo();
  marks.finish();
  player.audio.pause();
  button.disabled = true;
  for (let i = 0; i < 20 && outbox.pending().length; i++) {
    outbox.flush();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    if (outbox.pending().length) throw new Error(words("lock-unsent"));
    const items = [...document.querySelectorAll("[data-guess]")];
    const guess = items.length ? Object.fromEntries(items.map((item) => [item.dataset.guess, item.value])) : null;
    const answer = await fetch(`/rate/${tape.assignment}/lock/`, { method: "POST", headers: headers(), credentials: "same-origin", body: JSON.stringify({ guess, confidence: null }) })
      .catch(() => { throw new Error(words("lock-failed")); });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(body.error || words("lock-failed"));
    try {
      sessionStorage.removeItem(stepsKey);
    } catch {
      // Nothing was kept.
    }
    location.assign(body.next);
  } catch (error) {
    says.textContent = error.message;
    button.disabled = false;
  }
}

// ---- begin

function wirePage() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const action = button.dataset.do;
    if (action && !(action === "undo" && state.locked)) actions[action]();
    // After the mouse, the keys belong to the tape and the form again.
    if (event.detail > 0 && !button.closest("dialog") && document.activeElement === button) button.blur();
  });
  byId("overview").addEventListener("keydown", (event) => {
    const to = { Home: 0, End: player.duration, PageUp: player.time - 60, PageDown: player.time + 60 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    player.seek(to);
  });
  byId("overview").addEventListener("focus", () => byId("overview").setAttribute("aria-valuetext", words("place", { time: clock(player.time), length: clock(player.duration), percent: Math.floor(player.share * 100) })));
  byId("lock-no").addEventListener("click", () => byId("lock-sheet").close());
  byId("lock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    lock();
  });
  for (const name of ["rewind", "reaction"]) {
    const input = byId(`set-${name}`);
    input.value = settings[name];
    input.addEventListener("change", () => {
      settings[name] = Math.min(10, Math.max(0, Number(input.value) || 0));
      input.value = settings[name];
      store("bordin.listening", settings);
    });
  }
  addEventListener("pagehide", () => {
    sendMemo();
    marks.finish();
    sendReason(state.now);
    points.commit();
    outbox.farewell();
  });
}

/** The word that names an anchor ("Trace. One vague remark") stands out. */
function nameAnchors() {
  for (const text of document.querySelectorAll(".anchor > span:last-child")) {
    const found = /^(\S+(?: \S+)?\.)(\s.*)$/s.exec(text.textContent);
    if (!found) continue;
    const name = document.createElement("b");
    name.textContent = found[1];
    text.replaceChildren(name, found[2]);
  }
}

async function begin() {
  replay();
  nameAnchors();
  player.heard = [];
  player.heard = tape.heard.map((stretch) => [...stretch]);
  player.drawHeard();
  byId("length").textContent = clock(player.duration);
  byId("memo").value = state.memo;
  wireForm();
  wirePage();
  player.attach();
  setCurrent(order.find((id) => !rated(id)) ?? order[0]);
  order.forEach(showDimension);
  showSum();
  const metadata = new Promise((resolve) => {
    if (player.audio.readyState >= 1) resolve(true);
    player.audio.addEventListener("loadedmetadata", () => resolve(true), { once: true });
    if (player.audio.error) resolve(false);
    player.audio.addEventListener("error", () => resolve(false), { once: true });
  });
  try {
    await player.load();
    byId("player-says").textContent = "";
  } catch {
    // The tape can be heard and rated all the same.
    byId("player-says").textContent = words("peaks-failed");
  }
  byId("length").textContent = clock(player.duration);
  if (outbox.pending().length) outbox.flush();
  const sounds = await metadata;
  performance.mark("bordin-ready");
  document.documentElement.dataset.player = sounds ? "ready" : "silent";
  if (!sounds) byId("player-says").textContent = words(tape.has_sound === false ? "sound-none" : "sound-failed");
  await transcript.load();
  showMarks();
}

begin();
