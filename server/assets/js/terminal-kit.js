// What every page with a terminal needs: its look, and the text that tests read.
import "./terminal-styles.js";
import { Terminal } from "@xterm/xterm";

export const FONT_SIZE = 13;

function colours() {
  const css = getComputedStyle(document.documentElement);
  const get = (name) => css.getPropertyValue(name).trim();
  return {
    background: get("--term-bg"), foreground: get("--term-ink"), cursor: get("--term-ink"), cursorAccent: get("--term-bg"),
    red: get("--term-red"), green: get("--term-green"), blue: get("--term-blue"), yellow: get("--term-yellow"), brightBlack: get("--term-dim"), selectionBackground: "#2C4E4B",
  };
}

export function makeTerminal(more) {
  const css = getComputedStyle(document.documentElement);
  return new Terminal({ fontFamily: css.getPropertyValue("--font-mono"), fontSize: FONT_SIZE, lineHeight: 1.25, theme: colours(), scrollback: 5000, cursorBlink: false, screenReaderMode: false, ...more });
}

// A terminal of a size that is not ours to choose is drawn as large as it fits.
export function fitFont(term, well) {
  const cell = term.element?.querySelector(".xterm-screen")?.clientWidth / term.cols;
  if (!cell || well.clientWidth === 0) return;
  const room = well.clientWidth - 24;
  const size = Math.floor((term.options.fontSize * room) / (cell * term.cols) * 2) / 2;
  term.options.fontSize = Math.max(5, Math.min(16, size));
}

// For tests: what the screen shows, with what has scrolled away.
export function textOf(term) {
  const buffer = term.buffer.active;
  return Array.from({ length: buffer.length }, (_, y) => buffer.getLine(y)?.translateToString(true) ?? "").join("\n").trimEnd();
}
