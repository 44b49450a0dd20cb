// The session on disk, behind the system's own keychain.
import { app, safeStorage } from 'electron';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryTokenStore, type AuthTokens, type TokenStore } from '@adiuva/api-client';

/** A store in the user's folder; in memory where the system has no keychain to encrypt with. Call it once the app is ready. */
export function tokenStore(): TokenStore {
  const plain = process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text';
  if (plain || !safeStorage.isEncryptionAvailable()) return memoryTokenStore();
  const file = join(app.getPath('userData'), 'session');
  return {
    async get() {
      const bytes = await readFile(file).catch(() => undefined);
      return bytes ? JSON.parse(safeStorage.decryptString(bytes)) as AuthTokens : null;
    },
    async set(tokens) {
      if (!tokens) return rm(file, { force: true });
      await writeFile(`${file}.new`, safeStorage.encryptString(JSON.stringify(tokens)), { mode: 0o600 });
      await rename(`${file}.new`, file); // a refresh token is good once: never be left with half of one
    },
  };
}
