/** A body's JSON. */
import { badRequest } from './problem';

/** Throws a `bad-request` problem for what is no JSON, and for members that could reach a prototype, which no schema sees. */
export function parseJson(text: string): unknown {
  const value = parsed(text);
  if (holdsPrototype(value)) throw badRequest([{ detail: 'a member is named __proto__, which is refused' }]);
  return value;
}

function parsed(text: string): unknown {
  try {
    // A byte order mark is no part of it (RFC 8259, 8.1).
    return JSON.parse(text.replace(/^\ufeff/, '')) as unknown;
  } catch {
    throw badRequest([{ detail: 'the body is not valid JSON' }]);
  }
}

/** Without recursion: a body may be nested deeper than the stack is. */
function holdsPrototype(value: unknown): boolean {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one !== 'object' || one === null) continue;
    if (Object.hasOwn(one, '__proto__')) return true;
    for (const member of Object.values(one)) if (typeof member === 'object' && member !== null) left.push(member);
  }
  return false;
}
