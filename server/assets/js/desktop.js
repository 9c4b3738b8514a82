// The seat's desktop, and the page of whoever looks on: RFB over a WebSocket. Binary frames are the desktop's bytes, text
// frames are states as JSON {"state","text"}.
import "./desktop-styles.js";
import RFB from "@novnc/novnc";

const RETURN = 0xff0d;
const BACKSPACE = 0xff08;
const INSERT = 0xff63;
const SHIFT = 0xffe1;
const PASTED_MS = 250;
// From this width on the desktop takes the size of its place; below it is made smaller as a whole.
const OWN_SIZE_FROM = 640;

// What noVNC takes for a connection: the binary frames of a socket, the first of which may have come before it listens.
class Channel {
  constructor(socket) {
    this.socket = socket;
    this.early = [];
    this.listener = null;
    this.binaryType = "arraybuffer";
    this.protocol = "";
    this.onopen = null;
    this.onclose = null;
    this.onerror = null;
  }

  get readyState() {
    return this.socket.readyState;
  }

  get onmessage() {
    return this.listener;
  }

  set onmessage(listener) {
    this.listener = listener;
    queueMicrotask(() => {
      for (const event of this.early.splice(0)) this.listener?.(event);
    });
  }

  take(event) {
    if (this.listener && this.early.length === 0) this.listener(event);
    else this.early.push(event);
  }

  send(bytes) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  close() {
    this.socket.close();
  }
}

function start(box) {
  const well = box.querySelector("[data-desk-well]");
  if (!well) return;
  const look = box.dataset.deskLook !== undefined;
  const state = box.querySelector("[data-desk-state]");
  const size = box.querySelector("[data-desk-size]");
  const clip = box.querySelector("[data-desk-clip-text]");
  const text = (name) => box.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? name;
  let socket = null;
  let rfb = null;
  let stopped = false;
  let begun = false;
  let tries = 0;
  let timer = 0;

  function show(name, words) {
    state.dataset.state = name;
    state.textContent = words || text(name);
  }

  function measure() {
    const canvas = well.querySelector("canvas");
    size.textContent = canvas ? `${canvas.width}×${canvas.height}` : "";
  }

  function shape() {
    if (!rfb) return;
    rfb.scaleViewport = true;
    rfb.resizeSession = !look && well.clientWidth >= OWN_SIZE_FROM;
  }

  function join(channel) {
    rfb = new RFB(well, channel, { shared: true });
    rfb.viewOnly = look;
    rfb.background = "transparent";
    rfb.qualityLevel = 8;
    rfb.compressionLevel = 2;
    rfb.addEventListener("connect", () => {
      tries = 0;
      const canvas = well.querySelector("canvas");
      canvas?.setAttribute("aria-label", text("label"));
      shape();
      if (box.dataset.on !== undefined || document.activeElement === document.body) rfb.focus({ preventScroll: true });
    });
    rfb.addEventListener("disconnect", () => socket?.close());
    rfb.addEventListener("clipboard", ({ detail }) => {
      if (clip) clip.value = detail.text;
      // Browsers let a page write only over HTTPS and while it is in use; the field has it in any case.
      navigator.clipboard?.writeText(detail.text).catch(() => {});
    });
    box.desktop = rfb;
  }

  function connect() {
    clearTimeout(timer);
    const former = socket;
    socket = null;
    former?.close();
    rfb?.disconnect();
    rfb = null;
    stopped = false;
    begun = true;
    show(tries === 0 ? "connecting" : "reconnecting");
    const url = new URL(box.dataset.desktop, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(url);
    const channel = new Channel(mine);
    socket = mine;
    mine.binaryType = "arraybuffer";
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      if (event.data instanceof ArrayBuffer) {
        if (!rfb) join(channel);
        channel.take(event);
        return;
      }
      let message;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      stopped = message.state === "ended" || message.state === "refused";
      show(message.state, message.text);
    };
    mine.onclose = (event) => {
      channel.onclose?.(event);
      if (socket !== mine || stopped) return;
      tries += 1;
      if (state.dataset.state !== "paused") show("reconnecting");
      timer = setTimeout(connect, Math.min(500 * 2 ** Math.min(tries - 1, 5), 16000) * (0.75 + Math.random() / 2));
    };
  }

  // Starting a desktop takes memory, so it is opened when somebody wants to see it.
  function seen() {
    if (!begun && well.clientWidth > 0 && well.clientHeight > 0) connect();
    shape();
    measure();
  }

  const again = box.querySelector("[data-desk-again]");
  again?.addEventListener("click", () => {
    tries = 0;
    connect();
  });
  box.querySelector("[data-desk-full]")?.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen?.()));

  const panel = box.querySelector("[data-desk-panel]");
  const opener = box.querySelector("[data-desk-clip]");
  opener?.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    opener.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) clip.focus();
  });
  box.querySelector("[data-desk-clip-send]")?.addEventListener("click", () => {
    rfb?.clipboardPasteFrom(clip.value);
    rfb?.focus();
  });

  // What an input method puts together here. Plain letters go as keys. Everything else is pasted: keys that are on no
  // keyboard have to be mapped on the way, and programs that read the map late take one character for another.
  const typed = box.querySelector("[data-desk-type]");
  let waiting = [];
  let typing = false;
  async function type() {
    waiting.push(...(typed.value.match(/[ -~]+|[^ -~]+/g) ?? []));
    typed.value = "";
    if (typing) return;
    typing = true;
    while (waiting.length > 0) {
      const part = waiting.shift();
      if (/^[ -~]/.test(part)) {
        for (const character of part) rfb?.sendKey(character.codePointAt(0), null);
      } else {
        rfb?.clipboardPasteFrom(part);
        rfb?.sendKey(SHIFT, "ShiftLeft", true);
        rfb?.sendKey(INSERT, "Insert");
        rfb?.sendKey(SHIFT, "ShiftLeft", false);
        // The program fetches the text from here; the next one must not take its place before.
        await new Promise((done) => setTimeout(done, PASTED_MS));
      }
    }
    typing = false;
  }
  let composing = false;
  typed?.addEventListener("compositionstart", () => (composing = true));
  typed?.addEventListener("compositionend", () => {
    composing = false;
    type();
  });
  typed?.addEventListener("input", () => {
    if (!composing) type();
  });
  typed?.addEventListener("keydown", (event) => {
    const key = { Enter: RETURN, Backspace: BACKSPACE }[event.key];
    if (composing || event.isComposing || !key) return;
    event.preventDefault();
    const send = () => (typing ? setTimeout(send, 50) : rfb?.sendKey(key, event.code));
    send();
  });

  // The way out for people who use the keyboard: every key belongs to the desktop.
  box.addEventListener(
    "keydown",
    (event) => {
      if (!(event.ctrlKey && event.altKey && event.code === "KeyU")) return;
      event.preventDefault();
      event.stopPropagation();
      rfb?.blur();
      again?.focus();
    },
    { capture: true },
  );

  new ResizeObserver(seen).observe(well);
  // The canvas changes its size when the desktop's size has changed.
  new MutationObserver(measure).observe(well, { subtree: true, childList: true, attributes: true, attributeFilter: ["width", "height"] });
  seen();
}

document.querySelectorAll("[data-desktop]").forEach(start);
