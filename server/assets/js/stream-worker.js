// One EventSource per address and browser, however many tabs look at it: browsers allow only six connections to a
// server over HTTP/1.1, and eight tabs of a control room would use them up.
const streams = new Map();
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
      if (!streams.has(data.open)) streams.set(data.open, { ports: new Set() });
      streams.get(data.open).ports.add(port);
      // A tab that joins an open stream has missed its snapshot; a new connection sends one to all.
      open(data.open);
    } else if (data.close) {
      const stream = streams.get(data.close);
      stream?.ports.delete(port);
      if (stream && stream.ports.size === 0) {
        stream.source.close();
        streams.delete(data.close);
      }
    }
  };
};
