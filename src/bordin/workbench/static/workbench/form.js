// A questionnaire in the browser: progress, answers kept until they are sent, and sending that survives a lost network.
// Without this file the page is a plain form, and works.
(() => {
  const PREFIX = "bordin.form.";
  const KEPT_DAYS = 30;
  const form = document.getElementById("ask");
  const foot = document.getElementById("foot");
  const words = foot.dataset;
  const state = document.getElementById("state");
  const bar = document.getElementById("progress");
  const button = document.getElementById("send");
  const name = PREFIX + form.dataset.key;
  let sending = false;
  let waiting = false;
  let keeps = true;

  const say = (text, kind) => {
    if (state.textContent !== text) state.textContent = text;
    state.className = `saved status status--${kind}`;
  };

  // What was answered: a chosen radio button or a number; "prefer not to answer" is kept too, so that it is there again.
  const given = () => {
    const answers = {};
    for (const input of form.querySelectorAll("fieldset.item input[name]")) {
      if (input.type === "radio" ? input.checked : input.value !== "") answers[input.name] = input.value;
    }
    return answers;
  };

  const count = () => {
    const done = Object.values(given()).filter((value) => value !== "").length;
    bar.value = done;
    document.getElementById("answered").textContent = `${done} ${words.of} ${bar.max} ${words.answered}`;
    return done;
  };

  const keep = () => {
    try {
      localStorage.setItem(name, JSON.stringify({ at: Date.now(), answers: given() }));
    } catch {
      keeps = false;
    }
    say(keeps ? words.kept : words.notKept, "open");
  };

  const forget = () => {
    try {
      localStorage.removeItem(name);
    } catch {
      // Nothing was kept then.
    }
  };

  // Answers of links that were never sent do not stay on a shared device for good.
  const tidy = () => {
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX)) continue;
        const { at } = JSON.parse(localStorage.getItem(key)) || {};
        if (!(Date.now() - at < KEPT_DAYS * 86_400_000)) localStorage.removeItem(key);
      }
    } catch {
      // A browser that keeps nothing has nothing to tidy.
    }
  };

  const restore = () => {
    let answers;
    try {
      ({ answers } = JSON.parse(localStorage.getItem(name)) || {});
    } catch {
      return;
    }
    if (!answers) return;
    for (const input of form.querySelectorAll("fieldset.item input[name]")) {
      if (!(input.name in answers)) continue;
      if (input.type === "radio") input.checked = input.value === answers[input.name];
      else input.value = answers[input.name];
    }
    say(words.kept, "open");
  };

  // A line gets a slider beside its number; before it is touched it has no value.
  const addSlider = (line) => {
    const number = line.querySelector("input[type=number]");
    const slide = document.createElement("input");
    const legend = line.closest("fieldset").querySelector("legend");
    legend.id = legend.id || `${number.name}-legend`;
    Object.assign(slide, { type: "range", min: line.dataset.low, max: line.dataset.high, step: "0.1", className: "line__slide" });
    slide.setAttribute("aria-labelledby", legend.id);
    const follow = () => {
      const open = number.value === "" || !number.validity.valid;
      slide.value = open ? (Number(slide.min) + Number(slide.max)) / 2 : number.value;
      slide.classList.toggle("is-open", open);
      if (open) slide.setAttribute("aria-valuetext", words.notPlaced);
      else slide.removeAttribute("aria-valuetext");
    };
    const place = () => {
      number.value = slide.value;
      number.dispatchEvent(new Event("input", { bubbles: true }));
    };
    slide.addEventListener("input", place);
    // A tap exactly on the middle changes nothing, yet it is an answer.
    slide.addEventListener("pointerup", () => number.value === "" && place());
    number.addEventListener("input", follow);
    line.insertBefore(slide, number.closest("label"));
    follow();
  };

  const lost = () => {
    waiting = true;
    say(words.offline, "warn");
    button.textContent = words.again;
  };

  const send = async () => {
    if (sending) return;
    sending = true;
    waiting = false;
    say(words.sending, "open");
    let answer;
    try {
      answer = await fetch(location.href, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "omit", redirect: "follow" });
    } catch {
      lost();
      return;
    } finally {
      sending = false;
    }
    if (answer.ok && answer.redirected) {
      forget();
      location.replace(answer.url);
    } else if (answer.status >= 500) {
      lost();
    } else {
      // The server has something to say: let the browser show its page.
      form.submit();
    }
  };

  tidy();
  restore();
  for (const line of form.querySelectorAll(".line")) addSlider(line);
  foot.hidden = false;
  if (!state.textContent) say(words.notKept, "open");
  count();
  form.addEventListener("input", () => {
    count();
    keep();
  });
  form.addEventListener("submit", (event) => {
    // Nothing answered yet: the server asks whether that is meant.
    if (count() === 0) return;
    event.preventDefault();
    send();
  });
  window.addEventListener("online", () => waiting && send());
})();
