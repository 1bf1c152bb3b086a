// Ratings side by side: the tape is played at a mark, one dimension's evidence shows at a time, and for the lead
// each agreed value is kept on its way until the server has it. Coders see the same page without the form.

const BEFORE = 3; // seconds of run-up to a mark
const WAITS = [1000, 2000, 4000, 8000, 15000, 30000];
const SVG = "http://www.w3.org/2000/svg";

const data = JSON.parse(document.getElementById("consensus-data").textContent);
const words = document.getElementById("words")?.dataset ?? {};
const rowOf = new Map(data.rows.map((row) => [row.id, row]));
let now = data.on;

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ""}${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
};

// ---- one dimension at a time

function show(dimension, focus = false) {
  now = dimension;
  for (const part of all("[data-of]")) part.hidden = part.dataset.of !== now;
  for (const row of all("tr[data-dim]")) {
    const here = row.dataset.dim === now;
    row.classList.toggle("is-now", here);
    const link = row.querySelector("th a");
    if (here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    if (here && focus) link.focus({ preventScroll: false });
  }
  history.replaceState(null, "", `?on=${encodeURIComponent(now)}`);
  moveWave();
}

function step(by) {
  const at = data.rows.findIndex((row) => row.id === now) + by;
  if (at >= 0 && at < data.rows.length) show(data.rows[at].id, true);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("tr[data-dim] th a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.closest("tr").dataset.dim, true);
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("tr[data-dim]");
  if (row && row.dataset.dim !== now) show(row.dataset.dim);
});

// ---- the tape

const audio = document.getElementById("sound");
const says = document.getElementById("sound-says");

function trouble(on) {
  if (!says) return;
  says.hidden = !on;
  says.textContent = on ? says.dataset.trouble : "";
}

async function play(from) {
  if (!audio) return;
  if (audio.error) audio.load();
  trouble(false);
  if (from !== undefined) audio.currentTime = Math.max(0, from);
  try {
    await audio.play();
  } catch (error) {
    if (error.name !== "AbortError") trouble(true);
  }
}

const toggle = () => audio && (audio.paused ? play() : audio.pause());
const skip = (seconds) => audio && (audio.currentTime = Math.max(0, audio.currentTime + seconds));

function showTime() {
  document.getElementById("clock").textContent = clock(audio.currentTime);
  const x = `${(100 * audio.currentTime) / data.seconds}%`;
  for (const head of all("[data-head]")) for (const end of ["x1", "x2"]) head.setAttribute(end, x);
}

if (audio) {
  document.getElementById("length").textContent = clock(data.seconds);
  document.getElementById("play").addEventListener("click", toggle);
  const word = document.getElementById("play-word");
  audio.addEventListener("play", () => (word.textContent = word.dataset.pause));
  audio.addEventListener("pause", () => (word.textContent = word.dataset.play));
  audio.addEventListener("timeupdate", showTime);
  audio.addEventListener("seeking", showTime);
  audio.addEventListener("error", () => trouble(true));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-seconds]");
    if (button) play(Number(button.dataset.seconds) - BEFORE);
  });
  for (const line of all("[data-line]")) {
    const head = document.createElementNS(SVG, "line");
    for (const [name, value] of [["class", "head"], ["data-head", ""], ["y1", 24], ["y2", 76], ["x1", 0], ["x2", 0]]) head.setAttribute(name, value);
    line.append(head);
    line.addEventListener("pointerdown", (event) => {
      const { left, width } = line.getBoundingClientRect();
      if (event.button === 0) audio.currentTime = (Math.min(Math.max(0, event.clientX - left), width) / width) * data.seconds;
    });
  }
}

let wave = null;

function moveWave() {
  const bed = wave && document.querySelector(`[data-of="${CSS.escape(now)}"] [data-line] .bed`);
  if (bed) bed.after(wave);
}

async function drawWave() {
  const answer = await fetch(data.peaks, { credentials: "same-origin" });
  if (!answer.ok) return;
  const { peaks } = await answer.json();
  const columns = 420;
  const count = peaks.length >> 1;
  const levels = Array.from({ length: columns }, (_, i) => {
    let most = 0;
    for (let at = Math.floor((i * count) / columns); at < Math.ceil(((i + 1) * count) / columns); at++) most = Math.max(most, Math.abs(peaks[2 * at]), Math.abs(peaks[2 * at + 1]));
    return most;
  });
  const loud = Math.max(1, [...levels].sort((a, b) => a - b)[Math.floor(columns * 0.995)]);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("class", "w-patient");
  path.setAttribute("d", levels.map((level, i) => {
    const half = Math.max(0.5, Math.min(1, level / loud) * 19);
    return `M${i} ${(20 - half).toFixed(1)}V${(20 + half).toFixed(1)}`;
  }).join(""));
  wave = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["y", 30], ["width", "100%"], ["height", 40], ["viewBox", `0 0 ${columns} 40`], ["preserveAspectRatio", "none"]]) wave.setAttribute(name, value);
  wave.append(path);
  moveWave();
}

if (data.peaks) drawWave().catch(() => {});

// ---- agreed values on their way

const KEY = `bordin.consensus.${data.tape}`;
let waiting = {};
let tries = 0;
let timer = 0;
let sending = false;

function remember() {
  try {
    if (Object.keys(waiting).length) localStorage.setItem(KEY, JSON.stringify(waiting));
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing still sends what this page holds.
  }
}

function state(kind, text) {
  const saved = document.getElementById("saved");
  saved.className = `saved status status--${kind}`;
  saved.textContent = text;
}

async function send() {
  if (sending) return;
  const [dimension, change] = Object.entries(waiting)[0] ?? [];
  if (!dimension) return;
  sending = true;
  clearTimeout(timer);
  state("open", words.saving);
  let kept = "";
  try {
    const answer = await fetch(data.save, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf"]').content },
      body: JSON.stringify(change),
    });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      if (waiting[dimension]?.change === change.change) delete waiting[dimension];
      settled(dimension, told.at);
      tries = 0;
    } else if (answer.status === 400 || answer.status === 409) {
      delete waiting[dimension];
      complain(dimension, told.error);
      state("warn", told.error);
    } else {
      kept = answer.status === 401 ? words.login : words.kept;
    }
  } catch {
    kept = words.kept;
  }
  sending = false;
  remember();
  if (kept) {
    state("warn", kept);
    timer = setTimeout(send, WAITS[Math.min(tries++, WAITS.length - 1)]);
  } else {
    send();
  }
}

function complain(dimension, text) {
  const place = document.querySelector(`[data-fields="${CSS.escape(dimension)}"] [data-says]`);
  place.hidden = !text;
  place.textContent = text ?? "";
}

function settled(dimension, at) {
  rowOf.get(dimension).settled = true;
  complain(dimension, "");
  state("ok", `${words.saved} ${at}`);
  const row = document.querySelector(`tr[data-dim="${CSS.escape(dimension)}"]`);
  const mark = row.querySelector("[data-state]");
  mark.className = "status small status--ok";
  mark.textContent = words.settled;
  // The place of the button stays, so that nothing moves under the hand.
  const take = row.querySelector("[data-take]");
  if (take) {
    take.setAttribute("aria-disabled", "true");
    take.disabled = true;
  }
  const rated = data.rows.filter((one) => one.given.length);
  const text = words.count.replace("{n}", rated.filter((one) => one.settled).length).replace("{of}", rated.length);
  document.getElementById("settled").textContent = text;
  for (const left of all("[data-left]")) {
    left.textContent = text;
    left.className = `status small status--${rated.every((one) => one.settled) ? "ok" : "warn"}`;
  }
}

const formOf = (dimension) => document.getElementById(`settle-${dimension}`);

/** What the form of a dimension says, or which of its fields has to be filled in first. */
function read(dimension) {
  const form = formOf(dimension);
  const fields = new FormData(form);
  const none = fields.get("value") === "nc" || fields.get("no_value") === "nc";
  const value = none ? "nc" : fields.get("value");
  if (value === null || value === "") return { missing: "choose", at: form.elements.value?.[0] ?? form.elements.value };
  const reason = none ? fields.get("absence") : "";
  if (none && !reason) return { missing: "absence", at: form.elements.absence };
  const why = fields.get("why").trim();
  const row = rowOf.get(dimension);
  const known = row.given.some((one) => (none ? one.value === null && one.reason === reason : one.value === Number(value)));
  if (!known && !why) return { missing: "why", at: form.elements.why };
  return { change: { dimension, value, reason, why, rule: fields.get("rule").trim(), change: crypto.randomUUID() } };
}

function keep(dimension) {
  const found = read(dimension);
  if (found.missing) {
    complain(dimension, words[found.missing]);
    found.at?.focus?.();
    return false;
  }
  complain(dimension, "");
  waiting[dimension] = found.change;
  remember();
  send();
  return true;
}

if (data.save) {
  try {
    waiting = JSON.parse(localStorage.getItem(KEY) || "{}");
  } catch {
    waiting = {};
  }
  for (const dimension of Object.keys(waiting)) if (!rowOf.has(dimension)) delete waiting[dimension];
  send();
  addEventListener("online", send);
  addEventListener("focus", () => send());
  addEventListener("beforeunload", (event) => Object.keys(waiting).length && event.preventDefault());

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form?.dataset.settle) return;
    if (event.target.name === "value" || event.target.name === "no_value" || (event.target.name === "absence" && read(form.dataset.settle).change)) keep(form.dataset.settle);
  });
  document.addEventListener("submit", (event) => {
    const dimension = event.target.dataset.settle;
    if (!dimension) return;
    event.preventDefault();
    if (event.submitter?.hasAttribute("data-take")) {
      const given = rowOf.get(dimension).given[0];
      const form = formOf(dimension);
      const wanted = given.value === null ? "nc" : String(given.value);
      for (const radio of all(`[form="${CSS.escape(form.id)}"][type="radio"]`)) radio.checked = radio.value === wanted;
      const number = form.elements.value;
      if (number?.type === "number" && given.value !== null) number.value = wanted;
      if (given.reason) form.elements.absence.value = given.reason;
      keep(dimension);
    } else if (keep(dimension)) {
      const at = data.rows.findIndex((row) => row.id === dimension);
      if (at + 1 < data.rows.length) show(data.rows[at + 1].id, true);
    }
  });
}

// ---- keys

function choose(text) {
  const form = formOf(now);
  const cell = form && all(`[form="${CSS.escape(form.id)}"]`).find((one) => one.value === text && (one.type === "radio" || one.type === "checkbox"));
  if (!cell) return false;
  cell.checked = true;
  cell.focus();
  keep(now);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.metaKey) return;
  const typing = event.target.matches?.("textarea, select, input[type=text], input[type=number]");
  if (event.ctrlKey) {
    if (event.key === "Enter" && data.save) {
      event.preventDefault();
      formOf(now)?.requestSubmit();
    }
    return;
  }
  if (typing) return;
  const button = event.target.matches?.("button, summary");
  const radio = event.target.matches?.("input[type=radio]");
  let done = true;
  if (event.key === " " && !(button && event.target.id !== "play") && !event.target.matches?.("input[type=checkbox]")) toggle();
  else if (event.key === "F4") toggle();
  else if (event.key === "ArrowDown") step(1);
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "ArrowLeft" && !radio) skip(-3);
  else if (event.key === "ArrowRight" && !radio) skip(3);
  else if (data.save && /^[0-9]$/.test(event.key)) done = choose(event.key);
  else if (data.save && event.key.toLowerCase() === "x") done = choose("nc");
  else done = false;
  if (done) event.preventDefault();
});
