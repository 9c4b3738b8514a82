// The board of any moment of an exercise, out of its changes in order. Ranks and points are the server's; nothing is
// counted here.
import { clockText } from "./clock.js";

const LINES = 30;
const STEP = 100;

/**
 * @param {{sides: {side: string, max: number}[], clock: {duration_ms: number}}} head what does not change
 * @param {{clock_ms: number, status?: string, clock?: object, rows?: object[], series?: object, ticker?: object[]}[]} moments
 */
export function course(head, moments) {
  let next = 0;
  let rows = new Map();
  let series = {};
  let ticker = [];

  function apply(moment) {
    for (const row of moment.rows ?? []) rows.set(row.id, row);
    for (const [team, points] of Object.entries(moment.series ?? {})) series[team] = [...(series[team] ?? []), ...points];
    ticker = [...(moment.ticker ?? []), ...ticker].slice(0, LINES);
    next += 1;
  }

  // Teams outside the ranks stand below; a shared rank keeps the order in which it was reached.
  const order = (one, other) => (one.rank || Infinity) - (other.rank || Infinity) || one.reached_ms - other.reached_ms || one.range - other.range;

  return {
    length: moments.length > 0 ? moments[moments.length - 1].clock_ms : 0,
    /** The board at `ms` of the exercise clock. */
    at(ms) {
      if (next > 0 && moments[next - 1].clock_ms > ms) {
        next = 0;
        rows = new Map();
        series = {};
        ticker = [];
      }
      while (next < moments.length && moments[next].clock_ms <= ms) apply(moments[next]);
      const sides = head.sides.map((side) => ({ ...side, teams: [...rows.values()].filter((row) => row.side === side.side).sort(order) }));
      return { sides, series: { ...series }, ticker, clock: { banked_ms: ms, since_ms: null, duration_ms: head.clock.duration_ms } };
    },
  };
}

/** Arms the bar below the chart. `board()` is the live board, `show(past)` draws one of the past, `live()` goes back. */
export function armReplay(main, { board, show, live }) {
  const part = (name) => document.querySelector(`[data-replay-${name}]`);
  const [open, bar, play, seek, time, speed, now, failed] = ["open", "bar", "play", "seek", "time", "speed", "now", "failed"].map(part);
  const banner = document.querySelector("[data-replaying]");
  let way = null;
  let at = 0;
  let timer = 0;

  function draw() {
    const text = clockText(at);
    time.textContent = `${text} / ${clockText(way.length)}`;
    banner.querySelector("[data-replaying-at]").textContent = text;
    seek.value = String(at);
    seek.setAttribute("aria-valuetext", text);
    show(way.at(at), at);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.querySelector("span").textContent = play.dataset.textPlay;
    const use = play.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#play"));
  }

  function start() {
    if (at >= way.length) at = 0;
    let last = performance.now();
    timer = setInterval(() => {
      const passed = performance.now() - last;
      last += passed;
      at = Math.min(way.length, at + passed * Number(speed.value));
      draw();
      if (at >= way.length) stop();
    }, STEP);
    play.querySelector("span").textContent = play.dataset.textPause;
    const use = play.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#pause"));
  }

  function close() {
    if (timer) stop();
    way = null;
    bar.hidden = true;
    banner.hidden = true;
    open.setAttribute("aria-expanded", "false");
    live();
  }

  open.hidden = false;
  open.addEventListener("click", async () => {
    if (way) return close();
    bar.hidden = false;
    open.setAttribute("aria-expanded", "true");
    try {
      const answer = await fetch(main.dataset.history, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const { moments } = await answer.json();
      way = course(board(), moments);
    } catch {
      failed.hidden = false;
      return;
    }
    failed.hidden = true;
    banner.hidden = false;
    seek.max = String(Math.ceil(way.length / 1000) * 1000);
    at = way.length;
    draw();
    play.focus();
  });
  play.addEventListener("click", () => {
    if (!way) return;
    if (timer) stop();
    else start();
  });
  seek.addEventListener("input", () => {
    if (!way) return;
    at = Math.min(Number(seek.value), way.length);
    draw();
  });
  now.addEventListener("click", close);
}
