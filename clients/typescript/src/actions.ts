import type { PlanAction } from './gen/types.gen.js';

/**
 * The columns that actions may write, by table. `!` marks those that a new row needs, and after a colon is a type other
 * than text: t time in milliseconds, b boolean, l list of texts, or the values that the column may have.
 */
const tables: Record<string, string> = {
  tasks: 'projectId !title description status:todo|in_progress|done priority:low|medium|high|urgent assignee ' +
    'dueDate:t completedAt:t createdAt:t',
  projects: 'clientId !name status aiSummary',
  clients: 'parentId !name industry',
  checkpoints: 'projectId !title date:t isAiSuggested:b isApproved:b',
  notes: 'projectId !title content',
  taskComments: '!taskId !content createdAt:t',
  events: '!title !start:t !end:t timezone allDay:b attendees:l location recurringEventId',
  emails: 'threadId from to:l subject date:t snippet labels:l body',
};
const notification = '!title body at:t';
const types = ['create_record', 'update_record', 'delete_record', 'index_document', 'send_notification'];

/**
 * Why an action must not be carried out, or undefined. Columns that this version of the package does not know pass.
 * `ids` are the ids of the rows that the action may name, if it may not name all.
 */
export function refusal({ type, table, data }: PlanAction, ids?: ReadonlySet<string>): string | undefined {
  if (!types.includes(type)) return `unknown type ${type}`;
  const isNotification = type === 'send_notification';
  if (isNotification ? table !== null : !Object.hasOwn(tables, table ?? '')) return `unknown table ${table}`;
  const row = data ?? {};
  const isNew = isNotification || type === 'create_record';
  if (!isNew) {
    if (typeof row['id'] !== 'string' || !row['id']) return 'no id';
    if (ids && !ids.has(row['id'])) return `no row ${row['id']} was read`;
    if (type === 'update_record' && Object.keys(row).length < 2) return 'nothing to change';
  }
  for (const column of (isNotification ? notification : tables[table!]!).split(' ')) {
    const [, needed, name, kind] = /^(!?)(\w+):?(.*)$/.exec(column)!;
    const value = row[name!];
    if (needed && (value === null || value === '' || value === undefined && isNew)) return `no ${name}`;
    if (value !== undefined && value !== null && !isOfKind(value, kind!)) return `${name} has a wrong value`;
  }
  const { start, end } = row as { start?: number; end?: number };
  return table === 'events' && start! >= end! ? 'ends before it starts' : undefined;
}

function isOfKind(value: unknown, kind: string): boolean {
  switch (kind) {
    case '': return typeof value === 'string';
    case 't': return Number.isSafeInteger(value);
    case 'b': return value === !!value || value === 0 || value === 1; // SQLite has no booleans
    case 'l': return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default: return kind.split('|').includes(value as string);
  }
}
