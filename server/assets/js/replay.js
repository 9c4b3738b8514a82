// Replays a recording (asciicast, version 2) in the page: play, pause, speed, any place. A replay begins at the last event
// before that place that draws the whole screen, of which a recording has one every now and then.
import { fitFont, makeTerminal, textOf } from "./terminal-kit.js";

const IDLE = 2;
const KEYFRAME = "\x1bc";

function parse(text) {
  const lines = text.split("\n");
  const head = JSON.parse(lines[0]);
  const events = [];
  for (const line of lines.slice(1)) {
    if (!line) continue;
    try {
      const [at, kind, data] = JSON.parse(line);
      events.push({ at, kind, data });
    } catch {
      // The last line of a recording that is still being made.
      break;
    }
  }
  return { head, events };
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours > 0 ? `${hours}:` : ""}${two(minutes)}:${two(whole % 60)}`;
}

async function start(box) {
  const part = (name) => box.querySelector(`[data-${name}]`);
  const well = part("term-well");
  const [play, seek, speed, skip, time, state] = ["play", "seek", "speed", "skip", "time", "replay-state"].map(part);
  const playText = part("play-text");
  const use = play.querySelector("use");
  const term = makeTerminal({ disableStdin: true });
  term.open(well);
  term.textarea?.setAttribute("aria-label", box.dataset.textLabel);
  box.terminalText = () => textOf(term);

  let recording;
  try {
    const answer = await fetch(box.dataset.replay);
    if (!answer.ok) throw new Error(String(answer.status));
    recording = parse(await answer.text());
  } catch {
    state.textContent = box.dataset.textFailed;
    return;
  }
  const { head, events } = recording;
  const length = events.length > 0 ? events[events.length - 1].at : 0;
  state.textContent = events.some((event) => event.kind === "o") ? "" : box.dataset.textEmpty;
  part("length").textContent = clock(length);
  seek.max = String(length);

  let next = 0;
  let now = 0;
  let playing = false;
  let last = 0;
  // Everything that is drawn goes through this chain, so that a jump never mixes with what was under way.
  let chain = Promise.resolve();
  const write = (data) => new Promise((resolve) => term.write(data, resolve));

  async function draw(from, to) {
    let data = "";
    for (const event of events.slice(from, to)) {
      if (event.kind === "o") data += event.data;
      if (event.kind === "r") {
        await write(data);
        data = "";
        const [cols, rows] = event.data.split("x").map(Number);
        term.resize(cols, rows);
        fitFont(term, well);
      }
    }
    if (data) await write(data);
  }

  function show() {
    time.textContent = clock(now);
    seek.value = String(now);
    seek.setAttribute("aria-valuetext", clock(now));
  }

  function upTo(at) {
    let end = next;
    while (end < events.length && events[end].at <= at) end += 1;
    return end;
  }

  function jump(to) {
    now = Math.max(0, Math.min(to, length));
    next = 0;
    const end = upTo(now);
    let from = 0;
    let [cols, rows] = [head.width, head.height];
    for (let index = 0; index < end; index += 1) {
      const { kind, data } = events[index];
      if (kind === "o" && data.startsWith(KEYFRAME)) from = index;
    }
    for (const { kind, data } of events.slice(0, from)) if (kind === "r") [cols, rows] = data.split("x").map(Number);
    next = end;
    chain = chain.then(async () => {
      term.reset();
      term.resize(cols, rows);
      fitFont(term, well);
      await draw(from, end);
      box.dataset.shown = String(now);
    });
    show();
  }

  function turn(on) {
    playing = on;
    playText.textContent = on ? box.dataset.textPause : box.dataset.textPlay;
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, on ? "#pause" : "#play"));
    if (!on) return;
    if (now >= length) jump(0);
    last = performance.now();
    requestAnimationFrame(step);
  }

  function step(at) {
    if (!playing) return;
    now = Math.min(length, now + (Math.max(0, at - last) / 1000) * Number(speed.value));
    last = at;
    if (skip.checked && next < events.length && events[next].at - now > IDLE) now = events[next].at - IDLE / 4;
    const end = upTo(now);
    if (end > next) {
      const from = next;
      next = end;
      chain = chain.then(() => draw(from, end));
    }
    show();
    if (now >= length) turn(false);
    else requestAnimationFrame(step);
  }

  const marks = events.filter((event) => event.kind === "m");
  if (marks.length > 0) {
    document.querySelector("[data-marks]").hidden = false;
    document.querySelector("[data-marks-list]").append(
      ...marks.map(({ at, data }) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet";
        const name = data.split(" ")[0];
        button.textContent = `${clock(at)}　${box.dataset[`mark${name[0].toUpperCase()}${name.slice(1)}`] ?? data}`;
        button.addEventListener("click", () => jump(at));
        item.append(button);
        return item;
      }),
    );
  }
  play.disabled = false;
  seek.disabled = false;
  play.addEventListener("click", () => turn(!playing));
  seek.addEventListener("input", () => jump(Number(seek.value)));
  addEventListener("resize", () => fitFont(term, well));
  await document.fonts?.ready;
  jump(0);
}

document.querySelectorAll("[data-replay]").forEach(start);
