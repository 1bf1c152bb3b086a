// Typing a form in from paper: a digit, or Enter, goes on to the next item; arrows go up and down.
(() => {
  const list = document.querySelector(".typing");
  const inputs = [...list.querySelectorAll("input")];
  const oneDigit = list.dataset.oneDigit === "yes";
  const go = (from, by) => {
    const next = inputs[inputs.indexOf(from) + by];
    if (next) {
      next.focus();
      next.select();
    } else if (by > 0) document.getElementById("keep").focus();
  };
  list.addEventListener("input", (event) => {
    if (oneDigit && /^[0-9]$/.test(event.target.value)) go(event.target, 1);
  });
  list.addEventListener("keydown", (event) => {
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(event.target, by);
  });
})();
