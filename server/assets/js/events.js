// The blue seat's event table: new rows enter at the top, a held or scrolled view counts what waits.
import { taipeiTime } from "./clock.js";

const KEPT = 500;
const TAIPEI_MS = 8 * 3600000;

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
  // What the person has set by hand is not overwritten by a tick.
  const touched = new Set();

  badge.hidden = false;
  hold.hidden = false;
  filter.querySelector("[data-filter-go]").hidden = true;

  const fits = (row) => {
    const { host, source, q, dns } = filter.elements;
    return (!host.value || row.host === host.value)
      && (!source.value || row.source === source.value)
      && (dns.checked || !row.dns)
      && (!q.value || [row.text, ...Object.values(row.fields)].join(" ").toLowerCase().includes(q.value.trim().toLowerCase()));
  };
  const make = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const known = (id) => body.querySelector(`[data-id="${CSS.escape(id)}"]`);
  const count = () => { total.textContent = body.querySelectorAll("[data-id]").length.toLocaleString("en"); };

  function show(row) {
    if (!fits(row) || known(row.id)) return;
    body.querySelector("[data-none]")?.remove();
    const tr = make("tr", "", "fresh");
    Object.assign(tr.dataset, { id: row.id, at: row.at_ms, about: row.about });
    const tick = Object.assign(make("input", ""), { type: "checkbox", name: "events", value: row.id });
    tick.setAttribute("form", "report-form");
    tick.setAttribute("aria-label", `${body.dataset.cite} ${taipeiTime(row.at_ms)} ${row.host}`);
    const cells = ["", taipeiTime(row.at_ms), "", row.source, ""].map((text, index) => make("td", text, ["", "mono dim", "", "dim", "mono ev"][index]));
    cells[0].append(tick);
    cells[2].append(make("b", row.host));
    const fields = make("dl", "", "fields");
    for (const [name, value] of Object.entries(row.fields)) fields.append(make("dt", name), make("dd", value));
    const details = make("details", "");
    details.append(make("summary", row.text), fields);
    cells[4].append(details);
    tr.append(...cells);
    body.prepend(tr);
    // Ticked and opened rows stay: somebody works with them.
    while (body.rows.length > KEPT) {
      const last = [...body.rows].reverse().find((old) => !old.querySelector(":checked, [open]"));
      if (!last) break;
      last.remove();
    }
    count();
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

  // The server looks through more than the page holds, so a filter asks it; ticked rows stay whatever the filter says.
  let asked = 0;
  async function refilter() {
    asked += 1;
    const mine = asked;
    const url = `${filter.getAttribute("action")}?${new URLSearchParams(new FormData(filter))}`;
    history.replaceState(null, "", url);
    try {
      const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
      const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-events-body]");
      if (!fresh || mine !== asked) return;
      const ticked = [...body.querySelectorAll("tr:has(:checked)")];
      for (const tr of ticked) fresh.querySelector(`[data-id="${CSS.escape(tr.dataset.id)}"]`)?.remove();
      const rows = [...fresh.querySelectorAll("[data-id]"), ...ticked].sort((one, other) => Number(other.dataset.at) - Number(one.dataset.at));
      body.replaceChildren(...(rows.length > 0 ? rows : fresh.childNodes));
      waiting.length = 0;
      label();
      count();
    } catch {
      // The banner of the stream tells that the server is away.
    }
  }
  let later = 0;
  filter.addEventListener("input", (event) => {
    clearTimeout(later);
    later = setTimeout(refilter, event.target.type === "search" ? 350 : 0);
  });
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    refilter();
  });

  // A row opens at a click anywhere in it; the summary and the box do their own.
  body.addEventListener("click", (event) => {
    if (event.target.closest("summary, input, dl") || String(getSelection())) return;
    const details = event.target.closest("tr")?.querySelector("details");
    if (details) details.open = !details.open;
  });

  function fill(name, value) {
    const field = form.elements[name];
    if (touched.has(name)) return;
    // An <option> that is not there would leave the field empty.
    if (field.options && ![...field.options].some((option) => option.value === value)) return;
    field.value = value;
  }

  function citations() {
    const rows = [...body.querySelectorAll('[name="events"]:checked')].map((box) => box.closest("tr"));
    cited.textContent = rows.length > 0 ? cited.dataset.text.replace("{n}", rows.length) : "";
    list.textContent = rows.length > 0 ? rows.map((tr) => `${tr.cells[1].textContent} ${tr.cells[2].textContent}`).join(list.dataset.comma) : list.dataset.none;
    if (rows.length === 0 || !form) return;
    // It began with the oldest of them.
    const first = rows.reduce((one, other) => (Number(other.dataset.at) < Number(one.dataset.at) ? other : one));
    fill("host", first.dataset.about);
    fill("seen", new Date(Number(first.dataset.at) + TAIPEI_MS).toISOString().slice(0, 19));
  }
  form?.addEventListener("input", (event) => touched.add(event.target.name));
  if (form?.querySelector("[aria-invalid]")) ["host", "seen"].forEach((name) => touched.add(name));
  main.addEventListener("change", (event) => event.target.name === "events" && citations());
  if (body.querySelector('[name="events"]:checked')) citations();

  function add(row) {
    badge.hidden = false;
    if (!fits(row)) return;
    if (still()) {
      waiting.push(row);
      label();
    } else {
      show(row);
    }
  }

  return {
    add,
    // What the stream left out while it was away.
    merge(fresh) {
      const missing = [...fresh.querySelectorAll("[data-events-body] [data-id]")].filter((tr) => !known(tr.dataset.id) && !waiting.some((row) => row.id === tr.dataset.id));
      if (missing.length === 0 || still()) return;
      const added = missing.map((tr) => document.importNode(tr, true));
      for (const tr of added) tr.className = "fresh";
      const all = [...body.querySelectorAll("[data-id]"), ...added];
      body.replaceChildren(...all.sort((one, other) => Number(other.dataset.at) - Number(one.dataset.at)).slice(0, KEPT));
      count();
    },
    lost() {
      badge.hidden = true;
    },
  };
}

// Event table, terminal, desktop and brief share a place; without JavaScript they are shown one below the other.
function views(main) {
  const box = main.querySelector("[data-views]");
  if (!box) return;
  const tabs = [...box.querySelectorAll("[data-view]")];
  const choose = (name) => {
    box.dataset.on = name;
    for (const tab of tabs) {
      const on = tab.dataset.view === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    dispatchEvent(new Event("resize"));
  };
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(tab.dataset.view);
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      choose(next.dataset.view);
      next.focus();
    });
  }
  const byHash = () => {
    const name = location.hash.slice(1);
    if (!tabs.some((tab) => tab.dataset.view === name)) return;
    choose(name);
    // It was hidden when the browser wanted to go there.
    if (matchMedia("(max-width: 1279px)").matches) document.getElementById(name)?.scrollIntoView();
  };
  addEventListener("hashchange", byHash);
  choose(tabs[0].dataset.view);
  byHash();
}
