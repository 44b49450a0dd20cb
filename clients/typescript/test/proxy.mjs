// A wire to the server that can be cut: after so many bytes of an answer's body, or for good.
import net from 'node:net';

/**
 * Listens on a free port and carries to `target`. Of what set() takes, `cutAfter` ends the connection on which so many bytes
 * of an answer's body have come, once; `down` refuses connections; `mute` takes them and never answers. state() also
 * counts connections and tells what was sent.
 */
export async function wire(target) {
  const { hostname, port } = new URL(target);
  const state = { cutAfter: Infinity, down: false, mute: false, connections: 0, sent: '' };
  const sockets = new Set();
  const server = net.createServer((client) => {
    if (state.down) return client.destroy();
    state.connections++;
    sockets.add(client.on('error', () => undefined).on('close', () => sockets.delete(client)));
    if (!state.mute) carry(client, net.connect(Number(port), hostname), state);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base: target.replace(`${hostname}:${port}`, `127.0.0.1:${server.address().port}`),
    set: (change) => { Object.assign(state, change); },
    state: () => ({ connections: state.connections, sent: state.sent }),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function carry(client, upstream, state) {
  let answered = -1; // no body yet
  const end = () => { client.destroy(); upstream.destroy(); };
  client.on('data', (data) => {
    if (state.sent.length < 1e6) state.sent += data.toString('latin1');
    if (!upstream.write(data)) { client.pause(); upstream.once('drain', () => client.resume()); }
  });
  upstream.on('data', (data) => {
    const head = answered < 0 ? data.indexOf('\r\n\r\n') + 4 : 0;
    answered = Math.max(answered, 0) + data.length - head;
    if (answered > state.cutAfter) {
      state.cutAfter = Infinity;
      return end();
    }
    if (!client.write(data)) { upstream.pause(); client.once('drain', () => upstream.resume()); }
  });
  for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
}
