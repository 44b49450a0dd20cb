// The app's database, and the tools through which a model may read it. Its rows leave the device only as their results.
import { DatabaseSync } from 'node:sqlite';
import type { PlanAction, Row, Tool } from '@adiuva/api-client';

const columns: Record<string, string[]> = { tasks: ['id', 'title', 'status', 'dueDate'] };
const maxRows = 50;

type Value = string | number | null;

/** The tables of a file, `:memory:` for none. */
export function openDatabase(file: string) {
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, title TEXT, status TEXT, dueDate INTEGER)');

  /** The rows that equal the filter. Names of tables and columns come from the server or a model, so they are checked. */
  function select(table: string, filter: Row): Row[] {
    const known = Object.hasOwn(columns, table) ? columns[table]! : undefined;
    if (!known) throw new Error(`there is no table ${table}`);
    const names = Object.keys(filter);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`${table} has no column ${unknown}`);
    const where = names.length ? ` WHERE ${names.map((name) => `"${name}" IS ?`).join(' AND ')}` : '';
    const statement = db.prepare(`SELECT * FROM "${table}"${where} ORDER BY dueDate LIMIT ${maxRows}`);
    return statement.all(...names.map((name) => filter[name] as Value)) as Row[];
  }

  function act({ type, table, data }: PlanAction): void {
    if (type !== 'create_record' || table !== 'tasks') return;
    db.prepare('INSERT INTO tasks VALUES (?, ?, ?, ?)').run(
      crypto.randomUUID(), String(data?.['title'] ?? ''), String(data?.['status'] ?? 'todo'),
      typeof data?.['dueDate'] === 'number' ? data['dueDate'] : null);
  }

  const tools: Record<string, Tool> = {
    query_rows: {
      description: 'Reads rows of the person\'s database. Tables: '
        + Object.entries(columns).map(([table, names]) => `${table} (${names.join(', ')})`).join('; '),
      parameters: {
        type: 'object',
        properties: {
          table: { type: 'string', enum: Object.keys(columns) },
          filter: { type: 'object', description: 'Column names and the values that a row must have' },
        },
        required: ['table'],
      },
      run: ({ table, filter = {} }: { table: string; filter?: Row }) => select(table, filter),
    },
    complete_task: {
      description: 'Marks a task as done.',
      parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
      needsApproval: true,
      run({ id }: { id: string }) {
        const { changes } = db.prepare("UPDATE tasks SET status = 'done' WHERE id = ?").run(id);
        if (!changes) throw new Error(`there is no task ${id}`);
        return 'done';
      },
    },
  };
  return { select, act, tools };
}
