// Node has no WebSocket below 22.
import { WebSocket } from 'ws';

globalThis.WebSocket ??= WebSocket;
