// Score over the exercise clock: steps for red, lines for blue, dash by order of the teams, names at the lines' ends.
const SVG = "http://www.w3.org/2000/svg";
const DASH = ["", "7 5", "2 4", "10 4 2 4", "1 6", "14 5"];

function el(name, attributes = {}, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Round steps: 1, 2 or 5 times a power of ten.
function step(span, about) {
  const raw = Math.max(span / about, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
}

export function draw(box, board, now) {
  const width = box.clientWidth;
  const height = box.clientHeight;
  if (width < 200 || height < 120) return;
  const teams = board.sides.flatMap((side) => side.teams.map((team) => ({ ...team, side: side.side }))).sort((a, b) => a.id.localeCompare(b.id));
  const order = new Map();
  for (const team of teams) order.set(team.id, teams.filter((other) => other.side === team.side).indexOf(team));
  const longest = Math.max(4, ...teams.map((team) => [...team.name].reduce((n, c) => n + (c > "\u2000" ? 1 : 0.6), 0)));
  const em = parseFloat(getComputedStyle(box).fontSize) * 0.85;
  const right = longest * em + 6.2 * em;
  const left = 3.4 * em;
  const bottom = 2 * em;
  const top = em;
  const last = Math.max(now, 60000);
  const until = Math.max(Math.min(last * 1.05, Math.max(board.clock.duration_ms, last)), 5 * 60000);
  const values = teams.flatMap((team) => [team.points, ...(board.series[team.id] ?? []).map((point) => point.points)]);
  const high = Math.max(100, ...values);
  const low = Math.min(0, ...values);
  const x = (ms) => left + (ms / until) * (width - left - right);
  const y = (points) => top + ((high - points) / (high - low)) * (height - top - bottom);
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });

  const rise = step(high - low, 5);
  for (let value = Math.ceil(low / rise) * rise; value <= high; value += rise) {
    svg.append(el("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }), el("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, (value + 0).toLocaleString("en")));
  }
  const minutes = step(until / 60000, 6);
  for (let minute = 0; minute * 60000 <= until; minute += minutes) {
    svg.append(el("line", { class: "grid", x1: x(minute * 60000), x2: x(minute * 60000), y1: top, y2: height - bottom }), el("text", { x: x(minute * 60000), y: height - bottom + 1.3 * em, "text-anchor": "middle" }, String(minute)));
  }

  for (const team of teams) {
    const points = board.series[team.id] ?? [];
    let path = `M${x(0)} ${y(points[0]?.clock_ms === 0 ? points[0].points : 0)}`;
    let level = 0;
    for (const point of points) {
      if (team.side === "red") path += `H${x(point.clock_ms)}V${y(point.points)}`;
      else path += `L${x(point.clock_ms)} ${y(point.points)}`;
      level = point.points;
    }
    path += team.side === "red" ? `H${x(now)}` : `L${x(now)} ${y(level)}`;
    svg.append(el("path", { class: team.side, d: path, "stroke-dasharray": DASH[order.get(team.id) % DASH.length], "stroke-linejoin": "round" }));
  }

  // Names side by side with their line's end, pushed apart where they would lie on each other.
  const labels = teams.map((team) => ({ team, at: y(team.points), y: y(team.points) })).sort((a, b) => a.y - b.y);
  const gap = 1.35 * em;
  for (let i = 1; i < labels.length; i += 1) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + gap);
  let floor = height - bottom;
  for (let i = labels.length - 1; i >= 0; i -= 1) {
    labels[i].y = Math.min(labels[i].y, floor);
    floor = labels[i].y - gap;
  }
  for (const { team, at, y: where } of labels) {
    const end = x(now);
    const text = width - right + em;
    const mark = team.side === "red" ? `M${end - 4} ${at - 5}l9 5l-9 5z` : `M${end - 4} ${at - 4}h8v8h-8z`;
    svg.append(
      el("path", { class: `end ${team.side}`, d: mark }),
      el("line", { class: "lead-line", x1: end + 7, y1: at, x2: text - 4, y2: where }),
      el("text", { class: `name-${team.side}`, x: text, y: where + 4 }, `${team.name} ${team.points.toLocaleString("en")}`),
    );
  }
  box.querySelector("svg")?.remove();
  box.append(svg);
}
