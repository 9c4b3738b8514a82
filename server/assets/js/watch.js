// Looking on at somebody's terminal: read-only, in the size that it has there. Frames as in terminal.js; also
//   from the server: 2 size (u16be columns, u16be rows)
import { fitFont, makeTerminal, textOf } from "./terminal-kit.js";

const ACK_EVERY = 64 * 1024;

function start(box) {
  const well = box.querySelector("[data-term-well]");
  const state = box.querySelector("[data-term-state]");
  const size = box.querySelector("[data-term-size]");
  const text = (name) => box.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? name;
  const term = makeTerminal({ disableStdin: true });
  term.open(well);
  term.textarea?.setAttribute("aria-label", box.dataset.textLabel);

  let socket = null;
  let tries = 0;
  let stopped = false;
  let drawn = 0;
  let told = 0;

  function show(name, words) {
    state.dataset.state = name;
    state.textContent = words || text(name);
  }

  function acknowledge() {
    if (drawn - told < ACK_EVERY || socket?.readyState !== WebSocket.OPEN) return;
    told = drawn;
    const frame = new Uint8Array(5);
    frame[0] = 2;
    new DataView(frame.buffer).setUint32(1, drawn % 2 ** 32);
    socket.send(frame);
  }

  function connect() {
    drawn = 0;
    told = 0;
    show(tries === 0 ? "connecting" : "reconnecting");
    const url = new URL(box.dataset.watch, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(url);
    socket = mine;
    mine.binaryType = "arraybuffer";
    mine.onmessage = ({ data }) => {
      if (!(data instanceof ArrayBuffer) || data.byteLength === 0) return;
      const bytes = new Uint8Array(data);
      const rest = bytes.subarray(1);
      if (bytes[0] === 0) {
        term.write(rest, () => {
          drawn += rest.length;
          acknowledge();
        });
      } else if (bytes[0] === 1) {
        const message = JSON.parse(new TextDecoder().decode(rest));
        if (message.state === "connected") tries = 0;
        stopped = message.state === "ended";
        show(message.state, message.text);
      } else if (bytes[0] === 2) {
        const view = new DataView(data);
        const cols = view.getUint16(1);
        const rows = view.getUint16(3);
        // What was written before belongs to the former size.
        term.write("", () => {
          term.resize(cols, rows);
          fitFont(term, well);
          size.textContent = `${cols}×${rows}`;
        });
      }
    };
    mine.onclose = () => {
      if (stopped) return;
      tries += 1;
      show("reconnecting");
      setTimeout(connect, Math.min(500 * 2 ** Math.min(tries - 1, 5), 16000));
    };
  }

  addEventListener("resize", () => fitFont(term, well));
  (document.fonts?.ready ?? Promise.resolve()).then(connect);
  box.terminalText = () => textOf(term);
}

document.querySelectorAll("[data-watch]").forEach(start);
