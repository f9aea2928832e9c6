/**
 * Spinnaker's expressions, as far as a webhook stage needs them: Orca evaluates every text of a stage's context, answers of
 * the other side included, before each task (`ExpressionAware`). A small part of SpEL: paths, `#currentStage()`,
 * `#toJson(…)` of one, and sums.
 */

/** What expressions may name: `execution`, `trigger`, `parameters`, the stage's own context, … */
export type Roots = Readonly<Record<string, unknown>>;

/** The value with its expressions evaluated. What cannot be is left as it is, as Orca does. */
export function evaluated<T>(value: T, roots: Roots): T {
  if (typeof value === 'string') return evaluatedText(value, roots) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => evaluated(one, roots)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, evaluated<unknown>(one, roots)])) as T;
}

/** An expression that fails in Orca, and not only finds nothing. */
class Failed extends Error {
  override readonly name = 'Failed';
}

function evaluatedText(text: string, roots: Roots): unknown {
  const alone = /^\$\{([^{}]*)\}$/.exec(text);
  try {
    // A text that is one expression becomes its value, whatever type that has.
    if (alone) return valueOf(alone[1] as string, roots) ?? text;
    return text.replace(/\$\{([^{}]*)\}/g, (whole, inner: string) => {
      const value = valueOf(inner, roots);
      return value === undefined ? whole : typeof value === 'object' ? JSON.stringify(value) : String(value);
    });
  } catch (error) {
    // One that fails leaves the whole text as it was.
    if (error instanceof Failed) return text;
    throw error;
  }
}

function valueOf(expression: string, roots: Roots): unknown {
  const trimmed = expression.trim();
  const json = /^#toJson\((.+)\)$/.exec(trimmed);
  if (json) return toJson(valueOf(json[1] as string, roots));
  const sum = /^(\d+)\s*([-+*])\s*(\d+)$/.exec(trimmed);
  if (sum) {
    const [left, right] = [Number(sum[1]), Number(sum[3])];
    return sum[2] === '+' ? left + right : sum[2] === '-' ? left - right : left * right;
  }
  if (!/^#?[A-Za-z_]\w*(?:\(\))?(?:\.\w+|\['[^']*'\]|\[\d+\])*$/.test(trimmed)) return undefined;
  const steps = trimmed.match(/(?<=\[')[^']*(?='\])|#?\w+(?:\(\))?/g) ?? [];
  const found = steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Roots)[step] : undefined),
    roots,
  );
  return found ?? undefined;
}

/** Orca's own helper refuses to write what it would evaluate at its next step. */
function toJson(value: unknown): string {
  const written = JSON.stringify(value ?? null);
  if (written.includes('${')) throw new Failed('#toJson of an expression');
  return written;
}

/** Texts in an answer that Orca would evaluate as expressions at its next step: an injection, whoever wrote them. */
export function expressionsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('${') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => [...expressionsIn(name), ...expressionsIn(one)]);
}
