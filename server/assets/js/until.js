// Says beside a typed time how far away it is. What is typed is Taipei time, whatever the visitor's own clock shows.
import { serverNow } from "./clock.js";

const TAIPEI_MS = 8 * 3600000;

function show(note) {
  const typed = document.getElementById(note.dataset.until)?.value;
  const at = typed ? Date.parse(`${typed.slice(0, 16)}:00Z`) - TAIPEI_MS : NaN;
  const minutes = Math.floor((at - serverNow()) / 60000);
  let text = "";
  if (minutes < 0) text = note.dataset.past;
  else if (minutes >= 60) text = note.dataset.hours.replace("#h", Math.floor(minutes / 60)).replace("#m", minutes % 60);
  else if (minutes >= 0) text = note.dataset.minutes.replace("#m", minutes);
  if (note.textContent !== text) note.textContent = text;
}

export function startUntil() {
  const all = () => document.querySelectorAll("[data-until]").forEach(show);
  document.addEventListener("input", all);
  setInterval(all, 10000);
  all();
}
