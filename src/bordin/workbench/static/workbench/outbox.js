// What a coder did is written into this browser first, and sent then. Nothing leaves the outbox before the
// server has named it as saved or refused; sending the same change twice is harmless.

const PREFIX = "bordin.outbox.";
const AT_ONCE = 100;
const KEEPALIVE_BYTES = 60000; // browsers allow 64 KiB for requests that outlive their page
const PATIENCE = 15000;
const QUIET = 400; // a save shorter than this is not announced, so that the corner does not flicker
const WAITS = [1000, 2000, 4000, 8000, 15000, 30000];

/** The assignments of which this browser still keeps changes. */
export function leftovers() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** Headers of a request that changes something. */
export function headers() {
  const meta = document.querySelector('meta[name="csrf"]');
  return { "Content-Type": "application/json", "X-CSRFToken": meta ? meta.content : "" };
}

/** After a new login the page's token is stale: take the one of a fresh page. */
async function renewToken() {
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector('meta[name="csrf"]');
  const mine = document.querySelector('meta[name="csrf"]');
  if (!fresh || !mine || fresh.content === mine.content) return false;
  mine.content = fresh.content;
  return true;
}

export class Outbox {
  /**
   * @param {string} assignment the opaque id in the address
   * @param {object} calls onState({kind, at, count, why}), onSaved(change), onRefused(change, message), onLocked(message)
   */
  constructor(assignment, calls) {
    this.key = PREFIX + assignment;
    this.url = `/rate/${assignment}/save/`;
    this.calls = calls;
    this.memory = [];
    this.keeps = true;
    this.sending = null;
    this.tries = 0;
    this.timer = 0;
    this.batch = AT_ONCE;
    this.stopped = false;
    addEventListener("online", () => this.flush());
    addEventListener("focus", () => this.why && this.flush());
    document.addEventListener("visibilitychange", () => document.hidden || (this.why && this.flush()));
  }

  /** Changes not yet acknowledged, oldest first. */
  pending() {
    if (!this.keeps) return this.memory;
    try {
      return JSON.parse(localStorage.getItem(this.key) || "[]");
    } catch {
      return this.memory;
    }
  }

  write(changes) {
    this.memory = changes;
    if (!this.keeps) return;
    try {
      if (changes.length) localStorage.setItem(this.key, JSON.stringify(changes));
      else localStorage.removeItem(this.key);
    } catch {
      this.keeps = false;
    }
  }

  /** Keep one change, then send. Of a memo and of one mark's note only the last unsent text counts. */
  add(change) {
    const made = { id: crypto.randomUUID(), ...change };
    const inHand = new Set(this.sending || []);
    const replaces = (old) => !inHand.has(old.id) && old.kind === made.kind
      && (made.kind === "memo" || (made.kind === "mark" && old.mark === made.mark));
    const kept = this.pending().filter((old) => !replaces(old));
    kept.push(made);
    this.write(kept);
    if (!this.stopped) this.flush();
    return made.id;
  }

  async flush() {
    clearTimeout(this.timer);
    if (this.sending || this.stopped) return;
    const changes = this.pending().slice(0, this.batch);
    if (!changes.length) {
      this.why = "";
      return;
    }
    this.sending = changes.map((change) => change.id);
    if (!this.why) this.say({ kind: "saving" });
    let outcome;
    try {
      outcome = await this.send(changes);
    } catch {
      outcome = "offline";
    }
    this.sending = null;
    if (outcome === "ok") {
      this.tries = 0;
      this.why = "";
      if (this.pending().length) this.flush();
      else this.say({ kind: "saved", at: this.at });
    } else if (outcome === "again") {
      this.flush();
    } else if (outcome !== "locked") {
      this.why = outcome;
      this.say({ kind: "kept", why: outcome });
      this.timer = setTimeout(() => this.flush(), WAITS[Math.min(this.tries++, WAITS.length - 1)]);
    }
  }

  async send(changes) {
    const answer = await fetch(this.url, {
      method: "POST", headers: headers(), credentials: "same-origin", redirect: "error",
      body: JSON.stringify({ changes }), signal: AbortSignal.timeout(PATIENCE),
    });
    const body = await answer.json().catch(() => ({}));
    if (answer.status === 200) {
      this.settle(changes, body);
      return "ok";
    }
    if (answer.status === 401) return "login";
    if (answer.status === 403) return (await renewToken()) ? "again" : "login";
    if (answer.status === 409) {
      this.stopped = true;
      this.say({ kind: "kept", why: "locked" });
      this.calls.onLocked(body.error || "");
      return "locked";
    }
    // One change that the server cannot read must not hold back the others.
    if (answer.status === 400 && changes.length > 1) {
      this.batch = 1;
      return "again";
    }
    if (answer.status === 400) {
      this.settle(changes, { refused: [{ id: changes[0].id, message: body.error || "" }] });
      return "ok";
    }
    return "server";
  }

  settle(changes, body) {
    const saved = new Set(body.saved || []);
    const refused = new Map((body.refused || []).map((one) => [one.id, one.message]));
    this.at = body.at || this.at;
    this.write(this.pending().filter((one) => !saved.has(one.id) && !refused.has(one.id)));
    // An answer that names none of what was sent would be asked for again without end.
    if (!changes.some((one) => saved.has(one.id) || refused.has(one.id))) throw new Error("nothing acknowledged");
    for (const change of changes) {
      if (saved.has(change.id)) this.calls.onSaved(change);
      else if (refused.has(change.id)) this.calls.onRefused(change, refused.get(change.id));
    }
  }

  /** The page goes away: send without waiting. What is not acknowledged is sent again at the next visit. */
  farewell() {
    const changes = [];
    let size = 0;
    for (const change of this.pending()) {
      size += JSON.stringify(change).length * 3;
      if (size > KEEPALIVE_BYTES) break;
      changes.push(change);
    }
    if (!changes.length || this.stopped) return;
    fetch(this.url, {
      method: "POST", headers: headers(), credentials: "same-origin", keepalive: true, body: JSON.stringify({ changes }),
    }).catch(() => {});
  }

  say(state) {
    this.calls.onState({ count: this.pending().length, keeps: this.keeps, ...state });
  }
}

/** The corner of the screen that always tells how saving stands. */
export class Corner {
  constructor(words, onNothingKept) {
    Object.assign(this, { words, onNothingKept });
    this.place = document.getElementById("saved");
    this.live = document.getElementById("saved-live");
    this.login = document.getElementById("saved-login");
    this.timer = 0;
    this.trouble = "";
  }

  show(state) {
    clearTimeout(this.timer);
    if (state.kind === "saving") this.timer = setTimeout(() => this.write(state), QUIET);
    else this.write(state);
    if (!state.keeps) this.onNothingKept();
  }

  write({ kind, at, count, why }) {
    const text = this.text(kind, at, count, why);
    this.place.textContent = text;
    this.place.className = `status ${{ saving: "status--open", saved: "status--ok" }[kind] || "status--warn"}`;
    this.login.hidden = !(kind === "kept" && why === "login");
    // Only trouble and its end are spoken; a saved stretch of listening every ten seconds is not.
    const now = kind === "kept" ? why : kind === "saved" ? "" : this.trouble;
    if (now !== this.trouble) this.live.textContent = text;
    this.trouble = now;
  }

  text(kind, at, count, why) {
    if (kind === "saving") return this.words("saving");
    if (kind === "saved") return this.words("saved", { time: at });
    if (why === "login") return this.words("kept-login", { n: count });
    if (why === "locked") return count ? this.words("kept-locked", { n: count }) : this.words("locked");
    return this.words(count === 1 ? "kept-one" : "kept-other", { n: count });
  }
}
