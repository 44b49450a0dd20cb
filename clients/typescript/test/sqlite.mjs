// SQLite in Node: its own since 24, better-sqlite3 before.
import { createRequire } from 'node:module';

const hasSqlite = Number(process.versions.node.split('.')[0]) >= 24;

/** The name of the library, and a function that opens an empty database. Both libraries have `exec` and `prepare`. */
export const sqlite = {
  engine: hasSqlite ? 'node:sqlite' : 'better-sqlite3',
  async open() {
    const db = new (await databaseClass())(':memory:');
    return { exec: (sql) => db.exec(sql), all: (sql, ...values) => db.prepare(sql).all(...values) };
  },
};

async function databaseClass() {
  if (hasSqlite) return (await import('node:sqlite')).DatabaseSync;
  return createRequire(new URL('sqlite/package.json', import.meta.url))('better-sqlite3');
}
