// A wire to the server that can be cut: after so many bytes of an answer's body, or for good.
import net from 'node:net';

/** Listens on a free port and carries to `target`; the next connection ends after `cutAfter` bytes of answers. */
export async function wire(target) {
  const { hostname, port } = new URL(target);
  const state = { cutAfter: Infinity, down: false, connections: 0, sent: '' };
  const server = net.createServer((client) => {
    if (state.down) return client.destroy();
    state.connections++;
    const { cutAfter } = state;
    state.cutAfter = Infinity;
    const upstream = net.connect(Number(port), hostname);
    let answered = -1; // no body yet
    const end = () => { client.destroy(); upstream.destroy(); };
    client.on('data', (data) => { if (state.sent.length < 1e6) state.sent += data.toString('latin1'); upstream.write(data); });
    upstream.on('data', (data) => {
      const head = answered < 0 ? data.indexOf('\r\n\r\n') + 4 : 0;
      answered = Math.max(answered, 0) + data.length - head;
      if (answered > cutAfter) return end();
      if (!client.write(data)) { upstream.pause(); client.once('drain', () => upstream.resume()); }
    });
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = target.replace(`${hostname}:${port}`, `127.0.0.1:${server.address().port}`);
  return { base, state, close: () => server.close() };
}
