// A stand-in for the service that says what a test tells it to, over WebSockets and over HTTP.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/**
 * Starts it on a free port. `script` has
 * - `socket(frame, send, close)`: called with each frame of a client; without it sockets are refused
 * - `chat(body, write)`: called with each body of POST /chat; writes raw bytes of the event stream
 * - `refresh(request, body)`: returns [status, body] of POST /auth/refresh
 * The result has `base`, `requests` (method, path, headers) and `close()`.
 */
export async function startFake(script) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://x').pathname.replace('/api/v1', '');
    requests.push({ method: request.method, path, headers: request.headers });
    let text = '';
    for await (const chunk of request) text += chunk;
    if (script.date) response.setHeader('Date', script.date());
    if (path === '/chat') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      await script.chat(JSON.parse(text), (bytes) => response.write(bytes));
      return response.end();
    }
    const [status, body] = path === '/auth/refresh'
      ? await script.refresh(request, JSON.parse(text)) : [200, { status: 'ok' }];
    if (status === 0) return request.socket.destroy();
    response.writeHead(status, { 'Content-Type': status < 300 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(body));
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'adiuva.chat.v2' });
  server.on('upgrade', (request, socket, head) => {
    if (!script.socket) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const send = (frame) => ws.send(JSON.stringify(frame));
      ws.on('message', (data) => script.socket(JSON.parse(String(data)), send, (code) => ws.close(code)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: `http://127.0.0.1:${server.address().port}/api/v1`,
    requests,
    sockets: () => sockets.clients.size,
    close: () => {
      for (const client of sockets.clients) client.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}
