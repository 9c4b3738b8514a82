// The blue seat's event table: new rows enter at the top, a held or scrolled view counts what waits.
import { taipeiTime } from "./clock.js";

const KEPT = 500;

export function startEvents(main) {
  const body = main.querySelector("[data-events-body]");
  views(main);
  if (!body) return null;
  const form = document.getElementById("report-form");
  const scroll = main.querySelector("[data-events-scroll]");
  const total = main.querySelector("[data-events-total]");
  const badge = main.querySelector("[data-events-live]");
  const hold = main.querySelector("[data-events-hold]");
  const filter = main.querySelector("[data-events-filter]");
  const cited = main.querySelector("[data-cited]");
  const list = main.querySelector("[data-cited-list]");
  const waiting = [];
  let held = false;

  badge.hidden = false;
  hold.hidden = false;

  const fits = (row) => {
    const { host, source, q } = filter.elements;
    return (!host.value || row.host === host.value) && (!source.value || row.source === source.value) && (!q.value || `${row.host} ${row.source} ${row.text}`.toLowerCase().includes(q.value.toLowerCase()));
  };
  const cell = (text, className = "") => Object.assign(document.createElement("td"), { textContent: text, className });

  function show(row) {
    body.querySelector("[data-none]")?.remove();
    if (body.querySelector(`[data-id="${CSS.escape(row.id)}"]`)) return;
    const tr = document.createElement("tr");
    tr.dataset.id = row.id;
    tr.className = "fresh";
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: "events", value: row.id });
    tick.setAttribute("form", "report-form");
    tick.setAttribute("aria-label", `${body.dataset.cite} ${row.id}`);
    const first = document.createElement("td");
    first.append(tick);
    const host = cell("");
    host.append(Object.assign(document.createElement("b"), { textContent: row.host }));
    tr.append(first, cell(taipeiTime(row.at_ms), "mono dim"), host, cell(row.source, "dim"), cell(row.text, "mono ev"));
    tr.hidden = !fits(row);
    body.prepend(tr);
    // Ticked rows stay: they are about to be cited.
    while (body.rows.length > KEPT) {
      const last = [...body.rows].reverse().find((old) => !old.querySelector(":checked"));
      if (!last) break;
      last.remove();
    }
  }

  const still = () => held || scroll.scrollTop > 8 || body.matches(":hover") || body.contains(document.activeElement);

  function label() {
    const text = hold.querySelector("span");
    if (waiting.length > 0) text.textContent = hold.dataset.textNew.replace("{n}", waiting.length);
    else text.textContent = held ? hold.dataset.textGo : hold.dataset.textHold;
    hold.setAttribute("aria-pressed", String(held));
  }

  function flush() {
    waiting.splice(0).forEach(show);
    label();
  }

  hold.addEventListener("click", () => {
    if (waiting.length > 0) {
      held = false;
      scroll.scrollTop = 0;
      flush();
    } else {
      held = !held;
      label();
    }
  });
  setInterval(() => waiting.length > 0 && !still() && flush(), 1000);

  function refilter() {
    for (const tr of body.rows) {
      if (!tr.dataset.id) continue;
      const [, , host, source, text] = [...tr.cells].map((td) => td.textContent);
      tr.hidden = !fits({ host, source, text });
    }
  }
  filter.addEventListener("input", refilter);
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(null, "", `?${new URLSearchParams(new FormData(filter))}`);
    refilter();
  });

  function citations() {
    const ids = [...main.querySelectorAll('[name="events"]:checked')].map((box) => box.closest("tr"));
    cited.textContent = ids.length > 0 ? cited.dataset.text.replace("{n}", ids.length) : "";
    list.textContent = ids.length > 0 ? ids.map((tr) => `${tr.cells[1].textContent} ${tr.cells[2].textContent}`).join("、") : list.dataset.none;
    const newest = ids[0];
    if (newest && form && !form.elements.host.value) form.elements.host.value = newest.cells[2].textContent;
  }
  main.addEventListener("change", (event) => event.target.name === "events" && citations());
  if (main.querySelector('[name="events"]:checked')) citations();

  return {
    add(row) {
      if (total) total.textContent = (Number(total.textContent.replaceAll(",", "")) + 1).toLocaleString("en");
      badge.hidden = false;
      if (still()) {
        waiting.push(row);
        label();
      } else {
        show(row);
      }
    },
    lost() {
      badge.hidden = true;
    },
  };
}

// Event table and terminal share a place; without JavaScript both are shown one below the other.
function views(main) {
  const box = main.querySelector("[data-views]");
  if (!box) return;
  const tabs = [...box.querySelectorAll("[data-view]")];
  const choose = (name) => {
    box.dataset.on = name;
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.view === name));
    dispatchEvent(new Event("resize"));
  };
  for (const tab of tabs) {
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(tab.dataset.view);
    });
  }
  const byHash = () => ["#terminal", "#events"].includes(location.hash) && choose(location.hash.slice(1));
  addEventListener("hashchange", byHash);
  choose("events");
  byHash();
}
