import type { ExecutionPlan, PlanAction, PlanStep, StepRequestWritable as StepRequest, StepResult } from './gen/types.gen.js';
import { refusal } from './actions.js';
import { AdiuvaError } from './errors.js';
import type { CallOptions } from './transport.js';

/** A row or record: column to value. */
export type Row = Record<string, unknown>;

export interface PlanHandlers extends CallOptions {
  /** Reads the rows of a table in the app's database that equal `filter` in all of its columns. */
  select(table: string, filter: Row): Row[] | Promise<Row[]>;
  /** Applies one change to the app's database. A returned promise is awaited. */
  act(action: PlanAction): unknown;
  /** Learns of an action that was not passed to `act`, because it does not fit the tables or names a row not read. */
  skipped?(action: PlanAction, reason: string): void;
  /** Values for templates, in addition to the plan's own variables. */
  variables?: Row;
  /** IANA name of the time zone for words like "tomorrow". */
  timezone?: string;
}

type RunStep = (step: StepRequest, call?: CallOptions) => Promise<StepResult>;

/**
 * Executes a plan: reads rows, has the server run its `generate` steps, and applies each action once per record. Returns
 * the actions that were applied. An action with the id of a record may only name a row that the plan has read.
 */
export async function runPlan(plan: ExecutionPlan, handlers: PlanHandlers, runStep: RunStep): Promise<PlanAction[]> {
  const results: Row[][] = []; // of each step
  const read = new Map<string | undefined, Set<string>>(); // ids of the rows read, by table
  const actions: PlanAction[] = [];
  for (const [index, step] of plan.steps.entries()) {
    handlers.signal?.throwIfAborted();
    const input = inputOf(step, index, results);
    let output: Row[] = [];
    if (step.action === 'select') {
      output = await handlers.select(step.table ?? '', step.filter ?? {});
      read.set(step.table, new Set([...read.get(step.table) ?? [], ...output.map((row) => String(row['id']))]));
    } else if (step.action === 'generate') output = await runGenerate(step, input ?? [], handlers, runStep);
    else {
      for (const record of input ?? [{}]) {
        const data = fillTemplate(step.data ?? {}, record);
        const action = { type: step.action, table: step.table ?? null, data } as PlanAction;
        const isFilled = String(step.data?.['id']).includes('{{');
        const reason = refusal(action, isFilled ? read.get(step.table) ?? new Set() : undefined);
        if (reason) {
          handlers.skipped?.(action, reason);
          continue;
        }
        await handlers.act(action);
        actions.push(action);
      }
    }
    results.push(output);
  }
  return actions;
}

/** The records of the step that this one builds on, or undefined if it builds on none. */
function inputOf(step: PlanStep, index: number, results: Row[][]): Row[] | undefined {
  const from = step.data_from_step;
  if (from === undefined) return undefined;
  if (!Number.isInteger(from) || from < 0 || from >= index) {
    throw new AdiuvaError(`step ${index} of the plan works on step ${from}, which is none before it`);
  }
  return results[from];
}

/** The records of a generate step. Prose becomes one record with the text as `output`. */
async function runGenerate(step: PlanStep, data: Row[], handlers: PlanHandlers, runStep: RunStep): Promise<Row[]> {
  const result = await runStep({
    prompt_template: step.prompt_template ?? '', variables: { ...step.variables, ...handlers.variables }, data,
    ...(handlers.timezone ? { timezone: handlers.timezone } : {}),
  }, handlers);
  if (result.records.length > 0) return result.records;
  return result.output.trimStart().startsWith('[') ? [] : [{ output: result.output }]; // an empty JSON list is no prose
}

const wholePlaceholder = /^\{\{\s*(\w+)\s*\}\}$/;
const placeholder = /\{\{\s*(\w+)\s*\}\}/g;

/**
 * Fills {{column}} from a record. A value that is just a placeholder keeps the column's type, and is left out if the
 * record does not have that column; otherwise it is text.
 */
function fillTemplate(template: Row, record: Row): Row {
  return Object.fromEntries(Object.entries(template).map(([column, value]) => {
    if (typeof value !== 'string') return [column, value];
    const match = wholePlaceholder.exec(value);
    if (match) return [column, record[match[1]!]];
    return [column, value.replace(placeholder, (_, name: string) => String(record[name] ?? ''))];
  }).filter(([, value]) => value !== undefined));
}
