// The queue sends what an earlier visit to a tape left in this browser, and writes seconds as a clock.
import { leftovers, Outbox } from "./outbox.js";

for (const place of document.querySelectorAll("[data-clock]")) {
  const seconds = Number(place.dataset.clock);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  place.textContent = `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const corner = document.getElementById("saved");
const boxes = [];

function show() {
  const kept = boxes.reduce((sum, box) => sum + box.pending().length, 0);
  const locked = boxes.some((box) => box.stopped && box.pending().length);
  corner.className = `status ${kept ? "status--warn" : "status--ok"}`;
  corner.textContent = kept ? corner.dataset[locked ? "locked" : "kept"].replace("{n}", kept) : corner.dataset.saved;
}

for (const assignment of leftovers()) {
  boxes.push(new Outbox(assignment, { onState: show, onSaved() {}, onRefused() {}, onLocked() {} }));
}
for (const box of boxes) box.flush();
