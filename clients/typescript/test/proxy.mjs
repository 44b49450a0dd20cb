// A TCP proxy to the service that can fail: it cuts connections, refuses them, or never responds.
import net from 'node:net';

/**
 * Starts a proxy to `target` on a free port. set() changes how it behaves:
 * - `cutAfter`: ends a connection after that many bytes of a response's body, once
 * - `freezeAfter`: the next connection forwards nothing more after that many bytes of a response's body; it stays open
 * - `freeze`: true forwards nothing more on the connections that are open now, which stay open
 * - `down`: closes new connections at once
 * - `mute`: accepts connections and never responds
 * state() returns the number of connections so far and what clients sent.
 */
export async function startProxy(target) {
  const { hostname, port } = new URL(target);
  const state = { cutAfter: Infinity, freezeAfter: Infinity, down: false, mute: false, connections: 0, sent: '' };
  const sockets = new Set();
  const server = net.createServer((client) => {
    if (state.down) return client.destroy();
    state.connections++;
    sockets.add(client.on('error', () => undefined).on('close', () => sockets.delete(client)));
    if (!state.mute) forward(client, net.connect(Number(port), hostname), state);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base: target.replace(`${hostname}:${port}`, `127.0.0.1:${server.address().port}`),
    set: ({ freeze, ...change }) => {
      Object.assign(state, change);
      if (freeze) for (const socket of sockets) socket.frozen = true;
    },
    state: () => ({ connections: state.connections, sent: state.sent }),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function forward(client, upstream, state) {
  let received = -1; // bytes of response bodies; -1 before the first
  const { freezeAfter } = state;
  state.freezeAfter = Infinity;
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  client.on('data', (data) => {
    if (client.frozen) return;
    if (state.sent.length < 1e6) state.sent += data.toString('latin1');
    if (upstream.write(data)) return;
    client.pause();
    upstream.once('drain', () => client.resume());
  });
  upstream.on('data', (data) => {
    const headerLength = received < 0 ? data.indexOf('\r\n\r\n') + 4 : 0;
    received = Math.max(received, 0) + data.length - headerLength;
    if (received > freezeAfter) client.frozen = true;
    if (client.frozen) return;
    if (received > state.cutAfter) {
      state.cutAfter = Infinity;
      return end();
    }
    if (client.write(data)) return;
    upstream.pause();
    client.once('drain', () => upstream.resume());
  });
  for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
}
