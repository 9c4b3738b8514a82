// noVNC shows compressed pictures and pointers as data: addresses, which the pages' policy (img-src 'self') forbids; an
// exception would hold for everything else on the page too. Pictures are decoded as bitmaps, and the pointer is drawn on
// a canvas of its own.
import Display from "../node_modules/@novnc/novnc/core/display.js";
import Cursor from "../node_modules/@novnc/novnc/core/util/cursor.js";

Display.prototype.imageRect = function (x, y, width, height, mime, bytes) {
  if (width === 0 || height === 0) return;
  const frame = { ready: false, frame: null, promise: null };
  frame.promise = createImageBitmap(new Blob([bytes], { type: mime })).then(
    (bitmap) => {
      frame.frame = Object.assign(bitmap, { codedWidth: bitmap.width, codedHeight: bitmap.height });
      frame.ready = true;
    },
    () => {
      // A picture that cannot be decoded leaves what was there; the next update draws over it.
      frame.frame = Object.assign(document.createElement("canvas"), { width, height, codedWidth: width, codedHeight: height, close() {} });
      frame.ready = true;
    },
  );
  this._renderQPush({ type: "frame", frame, x, y, width, height });
};

const LISTEN = { capture: true, passive: true };
const EVENTS = ["mouseover", "mouseleave", "mousemove", "mouseup"];

Cursor.prototype.attach = function (target) {
  if (this._target) this.detach();
  this._target = target;
  Object.assign(this._canvas.style, { position: "fixed", zIndex: "65535", pointerEvents: "none", userSelect: "none", visibility: "hidden" });
  // Beside what is shown in full screen, or it would not be shown there.
  (target.closest("[data-desk-box]") ?? document.body).append(this._canvas);
  for (const name of EVENTS) target.addEventListener(name, this._eventHandlers[name], LISTEN);
  this.clear();
};

Cursor.prototype.detach = function () {
  if (!this._target) return;
  for (const name of EVENTS) this._target.removeEventListener(name, this._eventHandlers[name], LISTEN);
  this._canvas.remove();
  this._target = null;
};

Cursor.prototype.change = function (rgba, hotx, hoty, w, h) {
  if (w === 0 || h === 0) {
    this.clear();
    return;
  }
  this._position.x += this._hotSpot.x - hotx;
  this._position.y += this._hotSpot.y - hoty;
  this._hotSpot = { x: hotx, y: hoty };
  this._canvas.width = w;
  this._canvas.height = h;
  this._canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba), w, h), 0, 0);
  this._updatePosition();
};
