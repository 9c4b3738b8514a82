// Clocks count on from the figures of the server, never from the visitor's own clock.
const MINUS = "\u2212";
let offset = 0;

/** Server time now, ms UTC. */
export const serverNow = () => Date.now() + offset;

/** Takes the server's time as it was when the page was made. */
export function setServerNow(ms) {
  offset = ms - Date.now();
}

/** `03:26:41`, with a minus when overdue. */
export function clockText(ms, short = false) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${ms <= -1000 ? MINUS : ""}${short && hours === 0 ? rest : `${two(hours)}:${rest}`}`;
}

const taipei = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Taipei", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** Time of day in Taipei. */
export const taipeiTime = (ms) => taipei.format(new Date(ms));

const SAY_AT = [30, 10, 5, 1];

/** Arms the clocks below `root`; their figures were true at `at` (ms of the server). */
export function armClocks(root, at) {
  for (const element of root.querySelectorAll("[data-clock]")) {
    if (element.dataset.since) continue;
    element.dataset.since = String(at);
    element.setAttribute("aria-live", "off");
  }
}

function tick() {
  const now = serverNow();
  for (const element of document.querySelectorAll("[data-clock]")) {
    const passed = now - Number(element.dataset.since ?? now);
    const start = Number(element.dataset.ms);
    const value = element.dataset.clock === "down" ? start - passed : start + passed;
    const text = clockText(value, "short" in element.dataset);
    if (element.textContent !== text) element.textContent = text;
    if (element.dataset.clock === "down" && element.getAttribute("role") === "timer") {
      const box = element.closest(".clock");
      box?.classList.toggle("late", value < 600000 && value >= 0);
      box?.classList.toggle("over", value < 0);
      // A screen reader hears the time at 30, 10, 5 and 1 minutes, not each second.
      const say = SAY_AT.some((minutes) => Math.abs(value - minutes * 60000) < 1500);
      element.setAttribute("aria-live", say ? "polite" : "off");
    }
  }
  for (const element of document.querySelectorAll("[data-taipei]")) element.textContent = taipeiTime(now);
}

export function startClocks() {
  setServerNow(Number(document.body.dataset.now));
  armClocks(document, Number(document.body.dataset.now));
  // Ticks just after each full second of the server, so that all clocks on a wall change together.
  const next = () => {
    tick();
    setTimeout(next, 1000 - (serverNow() % 1000) + 5);
  };
  next();
}
