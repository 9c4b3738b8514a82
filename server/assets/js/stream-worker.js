// One EventSource per address and browser, however many tabs look at it: browsers allow only six connections to a
// server over HTTP/1.1, and eight tabs of a control room would use them up.
// A stream that only hidden tabs look at is let go after a while, so that tabs of different streams do not use up the
// connections either; it is opened again as soon as one of them is seen.
const streams = new Map();
const LET_GO_MS = 20000;
const NAMES = ["refresh", "event", "clock", "snapshot", "delta", "bye"];

function open(url) {
  const stream = streams.get(url);
  stream.source?.close();
  const source = new EventSource(url);
  stream.source = source;
  const tell = (message) => stream.ports.forEach((port) => port.postMessage({ url, ...message }));
  source.onopen = () => tell({ state: "open" });
  source.onerror = () => tell({ state: "lost", closed: source.readyState === EventSource.CLOSED });
  for (const name of NAMES) {
    source.addEventListener(name, (event) => tell({ name, data: event.data, id: event.lastEventId }));
  }
}

self.onconnect = (connection) => {
  const port = connection.ports[0];
  port.onmessage = ({ data }) => {
    if (data.open) {
      if (!streams.has(data.open)) streams.set(data.open, { ports: new Set(), hidden: new Set() });
      streams.get(data.open).ports.add(port);
      streams.get(data.open).hidden.delete(port);
      // A tab that joins an open stream has missed its snapshot; a new connection sends one to all.
      open(data.open);
    } else if (data.hide) {
      const stream = streams.get(data.hide);
      stream?.hidden.add(port);
      setTimeout(() => {
        if (stream && stream.hidden.size === stream.ports.size) {
          stream.source?.close();
          stream.source = null;
        }
      }, LET_GO_MS);
    } else if (data.show) {
      const stream = streams.get(data.show);
      stream?.hidden.delete(port);
      if (stream && !stream.source) open(data.show);
    } else if (data.close) {
      const stream = streams.get(data.close);
      stream?.ports.delete(port);
      stream?.hidden.delete(port);
      if (stream && stream.ports.size === 0) {
        stream.source?.close();
        streams.delete(data.close);
      }
    }
  };
};
