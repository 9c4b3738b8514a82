// The seat's terminal: binary frames over a WebSocket. First byte of a frame is its kind.
//   to the server:   0 input, 1 size (u16be columns, u16be rows), 2 bytes consumed so far (u32be, wraps)
//   from the server: 0 output, 1 state as JSON {"state","text"}
import { FitAddon } from "@xterm/addon-fit";
import { makeTerminal, textOf } from "./terminal-kit.js";

const CHUNK = 4096;
const ACK_EVERY = 64 * 1024;
const BUFFER_LIMIT = 256 * 1024;

const TAB = "rampart-terminal-tab";

function newName() {
  const name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    sessionStorage.setItem(TAB, name);
  } catch {
    // Without storage a reload is a new tab.
  }
  return name;
}

// A reload keeps the tab's name, and with it the shell. A tab that was duplicated has the name of its twin: it asks around,
// and takes a new name when somebody answers.
async function tabName() {
  let name = null;
  try {
    name = sessionStorage.getItem(TAB);
  } catch {
    name = null;
  }
  const channel = new BroadcastChannel(TAB);
  const me = Math.random();
  let mine = name;
  let taken = false;
  channel.onmessage = ({ data }) => {
    if (data.asks && data.asks === mine && data.from !== me) channel.postMessage({ has: mine, to: data.from });
    if (data.has && data.to === me) taken = true;
  };
  if (name) {
    mine = null;
    channel.postMessage({ asks: name, from: me });
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (taken) name = null;
  }
  mine = name ?? newName();
  return mine;
}

function start(box) {
  const well = box.querySelector("[data-term-well]");
  if (!well) return;
  const state = box.querySelector("[data-term-state]");
  const size = box.querySelector("[data-term-size]");
  const text = (name) => box.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? name;
  const watched = box.querySelector("[data-term-watched]");
  const term = makeTerminal({ macOptionIsMeta: true });
  const fit = new FitAddon();
  term.loadAddon(fit);
  term.open(well);
  term.textarea?.setAttribute("aria-label", `${box.dataset.textLabel}. ${box.dataset.textEscape}`);

  let socket = null;
  let tries = 0;
  let stopped = false;
  let consumed = 0;
  let acknowledged = 0;
  let timer = 0;
  let queue = [];
  let tab = "";

  function show(name, words) {
    state.dataset.state = name;
    state.textContent = words || text(name);
  }

  function send(kind, bytes) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    const frame = new Uint8Array(1 + bytes.length);
    frame[0] = kind;
    frame.set(bytes, 1);
    socket.send(frame);
    return true;
  }

  // A pasted file must not fill the browser's buffer: the rest waits until it has drained.
  function pump() {
    while (queue.length > 0 && socket?.readyState === WebSocket.OPEN) {
      if (socket.bufferedAmount > BUFFER_LIMIT) {
        setTimeout(pump, 50);
        return;
      }
      send(0, queue.shift());
    }
  }

  function input(bytes) {
    if (socket?.readyState !== WebSocket.OPEN) return;
    for (let at = 0; at < bytes.length; at += CHUNK) queue.push(bytes.subarray(at, at + CHUNK));
    pump();
  }

  function sendSize() {
    const bytes = new Uint8Array(4);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, term.cols);
    view.setUint16(2, term.rows);
    send(1, bytes);
    size.textContent = `${term.cols}×${term.rows}`;
  }

  function acknowledge() {
    if (consumed - acknowledged < ACK_EVERY) return;
    acknowledged = consumed;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, consumed % 2 ** 32);
    send(2, bytes);
  }

  function refit() {
    if (well.clientWidth === 0 || well.clientHeight === 0) return;
    const { cols, rows } = term;
    fit.fit();
    if (cols !== term.cols || rows !== term.rows) sendSize();
    size.textContent = `${term.cols}×${term.rows}`;
  }

  function connect() {
    clearTimeout(timer);
    socket?.close();
    stopped = false;
    queue = [];
    consumed = 0;
    acknowledged = 0;
    show(tries === 0 ? "connecting" : "reconnecting");
    const url = new URL(box.dataset.terminal, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ cols: term.cols, rows: term.rows, tab });
    const mine = new WebSocket(url);
    socket = mine;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => {
      if (socket !== mine) return;
      sendSize();
    };
    mine.onmessage = ({ data }) => {
      if (socket !== mine || !(data instanceof ArrayBuffer) || data.byteLength === 0) return;
      const bytes = new Uint8Array(data);
      const rest = bytes.subarray(1);
      if (bytes[0] === 0) {
        term.write(rest, () => {
          if (socket !== mine) return;
          consumed += rest.length;
          acknowledge();
        });
      } else if (bytes[0] === 1) {
        let message;
        try {
          message = JSON.parse(new TextDecoder().decode(rest));
        } catch {
          return;
        }
        if ("watched" in message) {
          watched.hidden = !message.watched;
          return;
        }
        if (message.state === "connected") tries = 0;
        stopped = ["ended", "refused", "elsewhere"].includes(message.state);
        show(message.state, message.text);
      }
    };
    mine.onclose = () => {
      if (socket !== mine) return;
      watched.hidden = true;
      if (stopped) return;
      tries += 1;
      show("reconnecting");
      // Half a second, doubling to sixteen; some chance in it, so that forty seats do not come back in the same moment.
      timer = setTimeout(connect, Math.min(500 * 2 ** Math.min(tries - 1, 5), 16000) * (0.75 + Math.random() / 2));
    };
  }

  const encoder = new TextEncoder();
  let ctrl = false;
  const ctrlKey = box.querySelector('[data-key="ctrl"]');
  term.onData((data) => {
    let typed = data;
    if (ctrl && data.length === 1 && /[a-z@[\\\]^_ ]/i.test(data)) {
      typed = String.fromCharCode(data.toUpperCase().charCodeAt(0) & 31);
      ctrl = false;
      ctrlKey?.setAttribute("aria-pressed", "false");
    }
    input(encoder.encode(typed));
  });
  term.onBinary((data) => input(Uint8Array.from(data, (c) => c.charCodeAt(0))));
  term.attachCustomKeyEventHandler((event) => {
    // The way out for people who use the keyboard: Tab belongs to the shell.
    if (event.ctrlKey && event.altKey && event.code === "KeyU") {
      if (event.type === "keydown") {
        event.preventDefault();
        box.querySelector("[data-term-again]").focus();
      }
      return false;
    }
    return true;
  });

  const KEYS = { esc: "\x1b", tab: "\t", up: "\x1b[A", down: "\x1b[B", left: "\x1b[D", right: "\x1b[C" };
  const keys = box.querySelector("[data-term-keys]");
  if (keys && matchMedia("(pointer: coarse)").matches) keys.hidden = false;
  keys?.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key) return;
    if (key === "ctrl") {
      ctrl = !ctrl;
      ctrlKey.setAttribute("aria-pressed", String(ctrl));
    } else {
      input(encoder.encode(KEYS[key]));
    }
    term.focus();
  });
  box.querySelector("[data-term-full]")?.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen?.()));
  box.querySelector("[data-term-again]")?.addEventListener("click", () => {
    tries = 0;
    connect();
    term.focus();
  });

  new ResizeObserver(refit).observe(well);
  addEventListener("resize", refit);
  // The font decides the cell's size, so the first fit waits for it.
  Promise.all([tabName(), document.fonts?.ready]).then(([name]) => {
    tab = name;
    refit();
    connect();
  });
  box.terminalText = () => textOf(term);
}

document.querySelectorAll("[data-terminal]").forEach(start);
