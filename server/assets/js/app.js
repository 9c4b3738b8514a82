import { armClocks, startClocks } from "./clock.js";
import { listen } from "./stream.js";
import { startEvents } from "./events.js";

const byAll = (selector, root = document) => [...root.querySelectorAll(selector)];

function toast(tone, text) {
  let box = document.querySelector(".toasts");
  if (!box) {
    box = Object.assign(document.createElement("div"), { className: "toasts" });
    document.body.append(box);
  }
  const item = Object.assign(document.createElement("div"), { className: `toast ${tone}`, textContent: text });
  item.setAttribute("role", tone === "danger" ? "alert" : "status");
  item.dataset.toast = tone;
  box.append(item);
  armToasts();
}

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

function arm(root) {
  for (const opener of byAll("[data-dialog]", root)) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog?.showModal) continue;
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
    for (const close of byAll("[data-close]", dialog)) {
      close.addEventListener("click", (event) => {
        event.preventDefault();
        dialog.close();
        opener.focus();
      });
    }
  }
  for (const input of byAll("input[data-must]", root)) {
    const button = input.form.querySelector("button");
    const check = () => {
      button.disabled = input.value.trim() !== input.dataset.must;
    };
    input.addEventListener("input", check);
    check();
  }
  for (const form of byAll("form[data-ask]", root)) {
    form.addEventListener("submit", (event) => {
      if (!confirm(form.dataset.ask)) event.preventDefault();
    });
  }
}

// Never pulls the ground from under a person: an open dialog, an open detail form or typing put the update off.
const busy = (part) => part.querySelector("dialog[open], details.pop[open]") || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

async function page(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (answer.redirected && new URL(answer.url).pathname !== new URL(url, location.href).pathname) {
    location.href = answer.url;
    throw new Error("moved");
  }
  if (!answer.ok) throw new Error(String(answer.status));
  const at = Date.parse(answer.headers.get("Date") ?? "") || Date.now();
  return { document: new DOMParser().parseFromString(await answer.text(), "text/html"), at };
}

function swap(old, fresh, now) {
  const open = new Set(byAll("details[open]", old).map((d) => d.querySelector("summary")?.textContent));
  old.replaceChildren(...fresh.childNodes);
  for (const d of byAll("details", old)) if (open.has(d.querySelector("summary")?.textContent)) d.open = true;
  armClocks(old, now);
  arm(old);
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
    const { document: fresh } = await page(box.dataset.live);
    const from = box.dataset.livePart ? fresh.querySelector(box.dataset.livePart) : fresh.body;
    if (!from) return;
    if (busy(box)) {
      setTimeout(refresh, 2000);
      return;
    }
    swap(box, from, Number(fresh.body.dataset.now || fresh.querySelector("[data-fragment-now]")?.dataset.fragmentNow) || Date.now());
  });
  listen(box.dataset.events, { open: () => { lost(false); refresh(); }, lost: () => lost(true), refresh, bye: () => location.reload() });
}

function seat(main) {
  const refresh = refresher(async () => {
    const { document: fresh } = await page(location.pathname + location.search);
    const now = Number(fresh.body.dataset.now);
    for (const part of byAll("[data-refresh]", main)) {
      const from = fresh.getElementById(part.id);
      if (from && !busy(part) && from.innerHTML !== part.innerHTML) swap(part, from, now);
    }
    const bar = document.querySelector(".seat-bar");
    const barNew = fresh.querySelector(".seat-bar");
    if (bar && barNew) swap(bar, barNew, now);
    // Pause, end and start change what the page offers; then the whole page is due, unless somebody is typing.
    const state = (doc) => doc.querySelector(".banner:not(.lost) b")?.textContent ?? "";
    if (state(document) !== state(fresh) && !busy(main)) location.reload();
  });
  const events = startEvents(main);
  listen(main.dataset.events, {
    open: () => lost(false),
    lost: () => { lost(true); events?.lost(); },
    refresh,
    event: (data) => events?.add(JSON.parse(data)),
    bye: () => location.reload(),
  });
}

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
        setTimeout(() => location.reload(), 1500);
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

startClocks();
armToasts();
arm(document);
byAll("[data-seat-code]").forEach(seatCode);
byAll("[data-print]").forEach((button) => button.addEventListener("click", () => print()));
byAll("[data-live]").forEach(live);
byAll("main.seat-main[data-events]").forEach(seat);
byAll("[data-flag]").forEach(flag);
document.querySelector("[data-focus]")?.focus();

export { toast };
