// Exposes the bridge to the page: a few functions, never ipcRenderer itself.
import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge, StreamMessage } from './bridge.js';

const bridge: Bridge = {
  login: (email, password) => ipcRenderer.invoke('login', email, password),
  ask(message, onEvent, onEnd) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<StreamMessage>) => {
      if ('event' in data) onEvent(data.event);
      else onEnd(data.end);
    };
    ipcRenderer.postMessage('ask', { message }, [port2]);
    return () => port1.postMessage('stop');
  },
  plan: (message) => ipcRenderer.invoke('plan', message),
  async backup(onProgress) {
    const listener = (_: unknown, sent: number, total: number) => onProgress(sent, total);
    ipcRenderer.on('progress', listener);
    try {
      return await ipcRenderer.invoke('backup');
    } finally {
      ipcRenderer.off('progress', listener);
    }
  },
  onSignedOut: (listener) => { ipcRenderer.on('signed-out', () => listener()); },
};
contextBridge.exposeInMainWorld('adiuva', bridge);
