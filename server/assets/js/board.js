// The wall: ranks that move, a chart that appends, a ticker. The first state is in the page; the stream goes on from it.
import { serverNow, setServerNow, taipeiTime } from "./clock.js";
import { draw } from "./chart.js";
import { armReplay } from "./history.js";
import { listen } from "./stream.js";

const MINUS = "\u2212";
const main = document.querySelector("[data-board]");
const start = JSON.parse(document.getElementById("board-data").textContent);
const { names, texts } = start;
let board = start.board;
// A moment of the past that is shown instead, and its time on the clock.
let past = null;
let pastMs = 0;
// The status has changed meanwhile.
let turned = false;
setServerNow(start.now_ms);

const number = (n) => `${n < 0 ? MINUS : ""}${Math.abs(n).toLocaleString("en")}`;
const signed = (n) => (n > 0 ? `+${number(n)}` : number(n));
const fill = (text, arg) => text.replace(/\{(\w+)\}/g, (all, name) => arg(name) ?? all);

function reasonText(reason) {
  const text = texts[`rule.${reason.rule}`];
  if (!text) return reason.rule;
  const args = reason.args ?? {};
  return fill(text, (name) => (name in args ? (names[args[name]] ?? texts[`value.${name}.${args[name]}`] ?? args[name]) : undefined));
}

function make(tag, className, text) {
  return Object.assign(document.createElement(tag), className ? { className } : {}, text === undefined ? {} : { textContent: text });
}

function sign(side) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "sign");
  svg.setAttribute("aria-hidden", "true");
  svg.dataset.side = side;
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  const sprite = document.querySelector("use").getAttribute("href").split("#")[0];
  use.setAttribute("href", `${sprite}#sign-${side}`);
  svg.append(use);
  return svg;
}

function rowFor(team) {
  const li = make("li");
  li.dataset.team = team.id;
  const who = make("div", "rank-who");
  const last = make("small");
  last.dataset.last = "";
  const parts = make("span", "parts");
  parts.dataset.parts = "";
  who.append(make("b", "", team.name), last, parts);
  const move = make("span", "move");
  move.dataset.move = "";
  const score = make("b", "score");
  score.dataset.score = "";
  const bar = make("span", "score-bar");
  bar.append(make("span"));
  li.append(make("span", "rank"), who, move, score, bar);
  return li;
}

function fillRow(li, team, max) {
  const set = (element, text) => element.textContent !== text && (element.textContent = text);
  set(li.querySelector(".rank"), team.rank ? String(team.rank) : texts["board.out"]);
  set(li.querySelector("[data-score]"), number(team.points));
  set(li.querySelector("[data-last]"), team.last ? `${reasonText(team.last)}${team.last_points ? ` ${signed(team.last_points)}` : ""}` : "");
  const parts = li.querySelector("[data-parts]");
  parts.replaceChildren(...Object.entries(team.parts).filter(([, points]) => points !== 0).map(([name, points]) => make("span", "", `${texts[`component.${name}`] ?? name} ${number(points)}`)));
  const share = Math.max(0, Math.min(100, Math.floor((team.points * 100) / Math.max(max, 1))));
  li.querySelector(".score-bar > span").className = `w-${share}`;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

// Each row slides from where it was to where it is.
function ranks(side) {
  const list = main.querySelector(`[data-ranks="${side.side}"]`);
  if (!list) return;
  list.querySelector(".none")?.remove();
  const before = new Map([...list.children].map((li) => [li.dataset.team, { top: li.offsetTop, rank: Number(li.querySelector(".rank").textContent) }]));
  const rows = side.teams.map((team) => {
    const li = [...list.children].find((item) => item.dataset.team === team.id) ?? rowFor(team);
    fillRow(li, team, side.max);
    return li;
  });
  const changed = rows.some((li, index) => list.children[index] !== li);
  if (changed) list.replaceChildren(...rows);
  for (const [index, team] of side.teams.entries()) {
    const old = before.get(team.id);
    if (!old || old.rank === team.rank) continue;
    const up = team.rank < old.rank;
    const move = rows[index].querySelector("[data-move]");
    move.textContent = `${up ? "↑" : "↓"} ${Math.abs(old.rank - team.rank)}`;
    move.className = `move${up ? "" : " fell"}`;
    setTimeout(() => { move.textContent = ""; }, 60000);
    if (up) {
      rows[index].classList.add("lit");
      setTimeout(() => rows[index].classList.remove("lit"), 100);
    }
  }
  if (!changed || still.matches) return;
  for (const li of rows) {
    const old = before.get(li.dataset.team);
    const by = old ? old.top - li.offsetTop : 0;
    if (by !== 0) li.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: 600, easing: "cubic-bezier(.2, .7, .2, 1)" });
  }
}

function tickerItem(item, fresh) {
  const team = (past ?? board).sides.flatMap((side) => side.teams).find((one) => one.id === item.team);
  const li = make("li", fresh ? "fresh" : "");
  li.append(make("span", "mono", taipeiTime(item.at_ms)), sign(team?.side ?? "white"), make("b", "", team?.name ?? texts["word.system"]), make("span", "", reasonText(item.reason)));
  if (item.points) li.append(make("span", `pts ${item.points > 0 ? "plus" : "minus"}`, signed(item.points)));
  return li;
}

function ticker(items, all) {
  const list = main.querySelector("[data-ticker]");
  const rows = items.map((item) => tickerItem(item, !all));
  if (all) list.replaceChildren(...rows);
  else list.prepend(...rows);
  if (rows.length > 0) list.querySelector(".none")?.remove();
  while (list.children.length > 30) list.lastChild.remove();
}

// Exercise clock now, in ms.
const clockNow = () => board.clock.banked_ms + (board.clock.since_ms === null ? 0 : Math.max(0, serverNow() - board.clock.since_ms));

function chart() {
  if (past) {
    draw(main.querySelector("[data-chart]"), past, pastMs);
    return;
  }
  draw(main.querySelector("[data-chart]"), board, Math.min(clockNow(), Math.max(board.clock.duration_ms, board.clock.banked_ms)));
}

// Status changes touch the head (clock, phase wall); the server draws those.
async function head() {
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok) return;
  location.reload();
}

function show(status) {
  document.querySelector("[data-frozen]").hidden = !board.frozen;
  if (!past) {
    for (const side of board.sides) ranks(side);
    chart();
  }
  document.querySelector("[data-updated]").textContent = taipeiTime(serverNow());
  if (status === board.status) return;
  if (past) turned = true;
  else head();
}

const lost = document.querySelector("[data-lost]");
const again = listen(main.dataset.board, {
  open() {
    lost.hidden = true;
    document.body.classList.remove("frozen");
  },
  lost() {
    lost.hidden = false;
    lost.querySelector("[data-lost-at]").textContent = document.querySelector("[data-updated]").textContent;
  },
  snapshot(data) {
    const { status } = board;
    board = JSON.parse(data);
    if (!past) ticker(board.ticker, true);
    show(status);
  },
  delta(data) {
    const delta = JSON.parse(data);
    if (delta.seq <= board.seq) return;
    // Something is missing in between: only a snapshot can repair that.
    if (delta.from !== board.seq) {
      again();
      return;
    }
    const { status } = board;
    const series = { ...board.series };
    for (const [team, points] of Object.entries(delta.series)) series[team] = [...(series[team] ?? []), ...points];
    board = { ...board, ...delta, series, ticker: [...delta.ticker, ...board.ticker].slice(0, 30) };
    if (!past) ticker(delta.ticker, false);
    show(status);
  },
  bye: () => location.reload(),
});

armReplay(main, {
  board: () => board,
  show(state, ms) {
    past = state;
    pastMs = ms;
    for (const side of past.sides) ranks(side);
    ticker(past.ticker, true);
    chart();
  },
  live() {
    past = null;
    if (turned) head();
    for (const side of board.sides) ranks(side);
    // A jump in time is no move.
    for (const move of main.querySelectorAll("[data-move]")) move.textContent = "";
    ticker(board.ticker, true);
    chart();
  },
});

// A wall that nobody is at shows no controls; they come back with whoever moves, types or touches.
const ALONE = 10000;
let alone = 0;
function someone() {
  document.body.classList.remove("idle");
  clearTimeout(alone);
  alone = setTimeout(() => document.body.classList.add("idle"), ALONE);
}
for (const sign of ["pointermove", "pointerdown", "keydown", "wheel"]) window.addEventListener(sign, someone, { passive: true });
someone();

chart();
new ResizeObserver(chart).observe(main.querySelector("[data-chart]"));
setInterval(() => board.clock.since_ms !== null && chart(), 15000);
