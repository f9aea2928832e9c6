/** A browser's part of pages and forms, by hand. */
import { type Door } from './door';

/** The `name=value` of a cookie that an answer sets, with its attributes. */
export function cookieOf(answer: Response, name: string): string {
  const cookie = answer.headers.getSetCookie().find((text) => text.startsWith(`${name}=`));
  if (cookie === undefined) throw new Error(`no cookie ${name}`);
  return cookie;
}

/** What a field of a page holds. */
export const field = (page: string, name: string): string =>
  new RegExp(`name="${name}"[^>]*? value="([^"]*)"`).exec(page)?.[1] ?? '';

export const form = (
  door: Door,
  path: string,
  fields: Record<string, string>,
  cookie: string,
  headers = {},
): Promise<Response> =>
  fetch(`${door.url}${path}`, {
    method: 'POST',
    headers: { cookie, ...headers },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  });

export async function signIn(door: Door, key: string): Promise<{ answer: Response; cookie: string }> {
  const shown = await door.get('/login?next=/runs/r-1');
  const login = cookieOf(shown, 'assay_login').split(';')[0] as string;
  const csrf = field(await shown.text(), 'csrf');
  const answer = await form(door, '/login', { csrf, key, next: '/runs/r-1' }, login);
  const cookie = answer.status === 303 ? (cookieOf(answer, 'assay_session').split(';')[0] as string) : '';
  return { answer, cookie };
}

export const page = async (door: Door, path: string, cookie: string, headers = {}): Promise<string> =>
  (await door.get(path, undefined, { cookie, ...headers })).text();
