// Listens to a server stream through the shared worker, or by itself where there is none.
const NAMES = ["refresh", "event", "clock", "snapshot", "delta", "bye"];

function shared(url, hear, always) {
  const version = new URL(import.meta.url).search;
  const worker = new SharedWorker(`/assets/stream-worker.js${version}`, { type: "module", name: `stream${version}` });
  worker.port.onmessage = ({ data }) => data.url === url && hear(data);
  worker.port.postMessage({ open: url });
  addEventListener("pagehide", () => worker.port.postMessage({ close: url }));
  addEventListener("pageshow", (event) => event.persisted && worker.port.postMessage({ open: url }));
  if (!always) {
    const tell = () => worker.port.postMessage(document.hidden ? { hide: url } : { show: url });
    document.addEventListener("visibilitychange", tell);
    if (document.hidden) tell();
  }
  return () => worker.port.postMessage({ open: url });
}

function plain(url, hear) {
  let source;
  const open = () => {
    source?.close();
    source = new EventSource(url);
    source.onopen = () => hear({ state: "open" });
    source.onerror = () => hear({ state: "lost", closed: source.readyState === EventSource.CLOSED });
    for (const name of NAMES) {
      source.addEventListener(name, (event) => hear({ name, data: event.data, id: event.lastEventId }));
    }
  };
  open();
  addEventListener("pagehide", () => source.close());
  return open;
}

/**
 * @param {string} url address of the stream
 * @param {Record<string, (data: string, id: string) => void>} on handlers by event name; `open` and `lost` tell the state
 * @param {boolean} always also while the tab is hidden: an open seat is presence
 * @returns {() => void} asks for a new connection (and so for a new snapshot)
 */
export function listen(url, on, always = false) {
  let retry = 0;
  let again = () => {};
  const hear = (message) => {
    if (message.state === "open") {
      retry = 0;
      on.open?.();
    } else if (message.state === "lost") {
      on.lost?.();
      // A browser gives up after an answer that is no stream (a restart behind a proxy); then we go on by ourselves.
      if (message.closed) {
        retry = Math.min(retry + 1, 6);
        setTimeout(() => again(), 500 * 2 ** retry + Math.random() * 500);
      }
    } else {
      on[message.name]?.(message.data, message.id);
    }
  };
  again = typeof SharedWorker === "function" ? shared(url, hear, always) : plain(url, hear);
  return again;
}
