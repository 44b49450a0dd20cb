import type { ExecutionPlan, PlanAction, PlanStep, StepRequest, StepResult } from './gen/types.gen.js';
import { AdiuvaError } from './errors.js';
import type { CallOptions } from './transport.js';

/** A row or record: column to value. */
export type Row = Record<string, unknown>;

export interface PlanHandlers extends CallOptions {
  /** Reads rows of the app's database; those that equal `filter` in all its columns. */
  select(table: string, filter: Row): Row[] | Promise<Row[]>;
  /** Carries out one change; what it returns is collected. */
  act(action: PlanAction): unknown;
  /** What fills templates beyond the plan's own variables. */
  variables?: Row;
  /** IANA name of the zone that words like tomorrow mean. */
  timezone?: string;
}

/** Executes a plan: reads rows, has the server run its `generate` steps, and carries out each action once per record. */
export async function runPlan(plan: ExecutionPlan, handlers: PlanHandlers, generate: (step: StepRequest, call?: CallOptions) => Promise<StepResult>): Promise<PlanAction[]> {
  const records: Row[][] = [];
  const actions: PlanAction[] = [];
  for (const [index, step] of plan.steps.entries()) {
    handlers.signal?.throwIfAborted();
    const source = sourceOf(step, index, records);
    let made: Row[] = [];
    if (step.action === 'select') made = await handlers.select(step.table ?? '', step.filter ?? {});
    else if (step.action === 'generate') made = await generated(step, source ?? [], handlers, generate);
    else {
      for (const record of source ?? [{}]) {
        const action = { type: step.action, table: step.table ?? null, data: fill(step.data ?? {}, record) } as PlanAction;
        await handlers.act(action);
        actions.push(action);
      }
    }
    records.push(made);
  }
  return actions;
}

function sourceOf(step: PlanStep, index: number, records: Row[][]): Row[] | undefined {
  const from = step.data_from_step;
  if (from === undefined) return undefined;
  if (!Number.isInteger(from) || from < 0 || from >= index) throw new AdiuvaError(`step ${index} of the plan works on step ${from}, which is none before it`);
  return records[from];
}

/** Records of a generate step; prose is one record with the text as `output`. */
async function generated(step: PlanStep, source: Row[], handlers: PlanHandlers, generate: (step: StepRequest, call?: CallOptions) => Promise<StepResult>): Promise<Row[]> {
  const made = await generate({
    prompt_template: step.prompt_template ?? '', variables: { ...step.variables, ...handlers.variables }, data: source,
    ...(handlers.timezone ? { timezone: handlers.timezone } : {}),
  }, handlers);
  if (made.records.length > 0) return made.records;
  return made.output.trimStart().startsWith('[') ? [] : [{ output: made.output }];
}

const whole = /^\{\{\s*(\w+)\s*\}\}$/;
const inside = /\{\{\s*(\w+)\s*\}\}/g;

/** Fills {{column}} from a record: the whole value keeps its type, inside a longer text it becomes text. */
function fill(template: Row, record: Row): Row {
  return Object.fromEntries(Object.entries(template).map(([column, value]) => {
    if (typeof value !== 'string') return [column, value];
    const only = whole.exec(value);
    if (only) return [column, record[only[1]!]];
    return [column, value.replace(inside, (_, name: string) => String(record[name] ?? ''))];
  }));
}
