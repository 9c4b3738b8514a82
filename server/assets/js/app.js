import { startUntil } from "./until.js";
import { armClocks, startClocks } from "./clock.js";
import { listen } from "./stream.js";
import { startEvents } from "./events.js";

const byAll = (selector, root = document) => [...root.querySelectorAll(selector)];

// Six seconds, standing still under pointer or focus; errors stay.
function armToasts() {
  for (const item of byAll("[data-toast]:not([data-armed])")) {
    item.dataset.armed = "";
    if (item.dataset.toast === "danger") {
      item.addEventListener("click", () => item.remove());
      continue;
    }
    let left = 6;
    const timer = setInterval(() => {
      if (item.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left <= 0) {
        clearInterval(timer);
        item.remove();
      }
    }, 1000);
  }
}

function seatCode(input) {
  input.addEventListener("input", () => {
    const before = input.value.slice(0, input.selectionStart).replace(/[^0-9a-z]/gi, "").length;
    const plain = input.value.replace(/[^0-9a-z]/gi, "").toUpperCase().slice(0, 8);
    input.value = plain.length > 4 ? `${plain.slice(0, 4)}-${plain.slice(4)}` : plain;
    const caret = before > 4 ? before + 1 : before;
    input.setSelectionRange(caret, caret);
  });
}

// All by delegation: parts of a page come and go with each update.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog?.showModal) {
    event.preventDefault();
    checkTyped();
    dialog.showModal();
    dialog.querySelector("[data-close]")?.focus();
    dialog.addEventListener("close", () => opener.focus(), { once: true });
    return;
  }
  const close = event.target.closest("dialog [data-close]");
  if (close) {
    event.preventDefault();
    close.closest("dialog").close();
    return;
  }
  if (event.target.closest("[data-print]")) print();
});
document.addEventListener("submit", (event) => {
  const ask = event.target.dataset?.ask;
  if (ask && !confirm(ask)) event.preventDefault();
}, true);

// What cannot be undone is done only when the session code stands in the field.
function checkTyped() {
  for (const input of byAll("input[data-must]")) {
    input.form.querySelector("button").disabled = input.value.trim() !== input.dataset.must;
  }
}
document.addEventListener("input", (event) => event.target.matches("[data-must]") && checkTyped());

// A table wider than its card is reached and moved by the keyboard, also where browsers do not see to it, and has a name.
const WIDE = ["tabindex", "role", "aria-label", "data-wide"];
function armScrolls() {
  for (const box of byAll(".scroll")) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (wide && !box.hasAttribute("tabindex")) {
      box.dataset.wide = "";
      box.tabIndex = 0;
      const name = box.querySelector("caption")?.textContent.trim();
      if (name) {
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", name);
      }
    } else if (!wide && "wide" in box.dataset && box !== document.activeElement) {
      for (const one of WIDE) box.removeAttribute(one);
    }
  }
}

// One folded form is open at a time; Escape folds it and goes back to its button.
document.addEventListener("toggle", (event) => {
  const pop = event.target;
  if (pop.matches?.("details.pop") && pop.open) for (const other of byAll("details.pop[open]")) if (other !== pop && !other.contains(pop)) other.open = false;
  if (pop.matches?.("details.pop[open]")) pop.querySelector(".pop-body")?.scrollIntoView({ block: "nearest" });
}, true);
document.addEventListener("keydown", (event) => {
  const pop = event.key === "Escape" && event.target.closest?.("details.pop[open]");
  if (!pop) return;
  pop.open = false;
  pop.querySelector("summary").focus();
});

async function page(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (answer.redirected && new URL(answer.url).pathname !== new URL(url, location.href).pathname) {
    location.href = answer.url;
    throw new Error("moved");
  }
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Makes `old` look like `fresh` node by node, so that focus, typing, open details and dialogs stay as they are and a
// live region speaks only of what is new.
function patch(old, fresh) {
  // Another id is another thing: a question about ending must not turn into one about clearing under the hand.
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id ?? "") !== (fresh.id ?? "")) {
    old.replaceWith(fresh.cloneNode(true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const own = (name) => name === "open" || ("wide" in (old.dataset ?? {}) && WIDE.includes(name));
  for (const { name } of [...old.attributes]) if (!own(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  const theirs = [...fresh.childNodes];
  // What has an id keeps its node when something comes or goes before it.
  const named = new Set(theirs.map((child) => child.id).filter(Boolean));
  for (const [index, child] of theirs.entries()) {
    const here = old.childNodes[index];
    const same = child.id && [...old.childNodes].find((one) => one.id === child.id);
    if (same) {
      if (same !== here) old.insertBefore(same, here ?? null);
      patch(same, child);
    } else if (here && !named.has(here.id)) {
      patch(here, child);
    } else {
      old.insertBefore(child.cloneNode(true), here ?? null);
    }
  }
  while (old.childNodes.length > theirs.length) old.lastChild.remove();
}

// As patch, for the inside of an element only.
function patchInside(old, fresh, now) {
  const holder = old.cloneNode(false);
  holder.append(...[...fresh.childNodes].map((node) => node.cloneNode(true)));
  patch(old, holder);
  armClocks(old, now);
  checkTyped();
  armScrolls();
}

function lost(on) {
  for (const banner of byAll("[data-lost]")) banner.hidden = !on;
}

// One fetch at a time, and one more if something happened meanwhile.
function refresher(work) {
  let running = false;
  let wanted = false;
  return async function refresh() {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      try {
        await work();
      } catch {
        // The banner tells; the stream asks again when it is back.
      }
      await new Promise((go) => setTimeout(go, 400));
    }
    running = false;
  };
}

function live(box) {
  const refresh = refresher(async () => {
    const fresh = await page(box.dataset.live);
    const from = fresh.querySelector(".live-body");
    if (from) patchInside(box.querySelector(".live-body"), from, Number(from.dataset.now));
  });
  listen(box.dataset.events, { open: () => { lost(false); refresh(); }, lost: () => lost(true), refresh, bye: () => location.reload() });
}

function seat(main) {
  const events = startEvents(main);
  const refresh = refresher(async () => {
    // A form that was refused leaves its own address behind.
    const fresh = await page(location.pathname === "/seat" ? location.pathname + location.search : "/seat");
    const now = Number(fresh.body.dataset.now);
    for (const part of byAll("[data-refresh]", main)) {
      const from = fresh.getElementById(part.id);
      if (from) patchInside(part, from, now);
    }
    events?.merge(fresh);
    const bar = document.querySelector(".seat-bar");
    const barNew = fresh.querySelector(".seat-bar");
    if (bar && barNew) patchInside(bar, barNew, now);
    const state = fresh.getElementById("main")?.dataset.state;
    if (state === main.dataset.state) return;
    // Start, pause and end change what the page offers. A new page would hang up the terminal, so its parts are
    // renewed; before there is a range there is none to lose.
    if (!["ready", "running", "paused"].includes(main.dataset.state)) return location.reload();
    main.dataset.state = state;
    for (const id of ["state-banner", "flagbox", "report"]) {
      const [part, from] = [document.getElementById(id), fresh.getElementById(id)];
      if (part && from) patchInside(part, from, now);
    }
  });
  listen(main.dataset.events, {
    open: () => { lost(false); refresh(); },
    lost: () => { lost(true); events?.lost(); },
    refresh,
    event: (data) => events?.add(JSON.parse(data)),
    bye: () => location.reload(),
  }, true);
}

// Another objective, or the next one, without a new page: the terminal beside it goes on.
async function choose(url) {
  try {
    const fresh = await page(url);
    const now = Number(fresh.body.dataset.now);
    patchInside(document.getElementById("objectives"), fresh.getElementById("objectives"), now);
    const box = document.getElementById("flagbox");
    const next = fresh.getElementById("flagbox");
    if (!box || !next) throw new Error("no box");
    box.replaceWith(document.adoptNode(next));
    byAll("[data-flag]").forEach(flag);
    history.replaceState(null, "", url.split("#")[0]);
  } catch {
    location.href = url;
  }
}
document.addEventListener("click", (event) => {
  const link = event.target.closest(".objectives a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose(link.getAttribute("href")).then(() => document.getElementById("f-flag")?.focus());
});

function flag(form) {
  const answer = document.querySelector("[data-flag-answer]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const input = form.elements.flag;
    button.disabled = true;
    try {
      const reply = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form)), credentials: "same-origin" });
      const result = await reply.json();
      answer.textContent = result.text;
      answer.className = `flag-answer ${result.correct ? "right" : "error"}`;
      input.setAttribute("aria-invalid", String(!result.correct));
      input.setAttribute("aria-describedby", "flag-answer");
      if (result.correct) {
        input.value = "";
        setTimeout(() => choose("/seat"), 1500);
      } else {
        input.focus();
      }
    } catch {
      // Without an answer nobody knows whether it counted: the plain form asks again and shows what the server says.
      form.submit();
    } finally {
      button.disabled = false;
    }
  });
}

// On a phone: which of the places below is open.
function places(bar) {
  const mark = () => {
    for (const link of bar.querySelectorAll("a")) {
      if (link.hash && link.hash === location.hash) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("hashchange", mark);
  mark();
}

// A part that stands on a wall for hours and renews itself every so many seconds.
function renew(box) {
  setInterval(async () => {
    try {
      const fresh = await page(location.pathname);
      const from = fresh.getElementById(box.id);
      if (from) patchInside(box, from, Number(fresh.body.dataset.now));
    } catch {
      // What is shown goes stale by itself; the next time may go through.
    }
  }, Number(box.dataset.renew) * 1000);
}

byAll(".place-bar").forEach(places);
byAll("[data-renew]").forEach(renew);
startClocks();
startUntil();
armToasts();
checkTyped();
armScrolls();
addEventListener("resize", armScrolls);
addEventListener("toggle", armScrolls, true);
// On a narrow screen the tab of this page is brought into the row.
byAll(".tabs [aria-current]").forEach((tab) => { tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft + tab.offsetWidth - tab.parentElement.clientWidth + 16; });
byAll("[data-seat-code]").forEach(seatCode);
byAll("[data-live]").forEach(live);
byAll("main.seat-main[data-events]").forEach(seat);
byAll("[data-flag]").forEach(flag);
document.querySelector("[data-focus]")?.focus();
