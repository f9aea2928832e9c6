/** Starting a run on a page: what the form sends is what the API takes, and what is wrong with it is said beside the field. */
import { Conflict, Unreachable } from '../../src/client/errors';
import { requestFaults } from '../../src/domain/request';
import { quickSettings } from '../workflows/stub-world';
import { doors, KEYS, PUBLIC_URL, statusOf, type Door, type DoorChanges } from './door';
import { field, form, page, signIn } from './page';

const open = doors();
const START = '/lines/golden/start';
const AMI = 'ami-0123456789abcdef0';

async function opened(changes: DoorChanges = {}, key: string = KEYS.alice) {
  const door = await open(changes);
  const { cookie } = await signIn(door, key);
  return { door, cookie };
}

/** Loads the form and sends it filled in. */
async function send(door: Door, cookie: string, values: Record<string, string>, path = START) {
  const shown = await page(door, path, cookie);
  const hidden = { csrf: field(shown, 'csrf'), key: field(shown, 'key') };
  return { hidden, answer: await form(door, START, { ...hidden, ...values }, cookie) };
}

const started = (door: Door): unknown[] => door.calls.filter(([name]) => name === 'start').map(([, order]) => order);

test('the form starts a run in the name of who is signed in, and leads to its page', async () => {
  const { door, cookie } = await opened();
  const shown = await page(door, START, cookie);
  expect(field(shown, 'requested-by')).toBe('alice@example.com');
  const { hidden, answer } = await send(door, cookie, {
    ...{ reason: ' monthly patch ', 'requested-by': 'carol@example.com' },
    parameters: 'packageVersion=1.4\r\n\r\n flags = -a=b \r\nempty=',
  });
  expect(answer.status).toBe(303);
  expect(hidden.key).toMatch(/^golden-\d{8}t\d{6}z-[0-9a-f]{12}$/);
  expect(answer.headers.get('location')).toBe(`${PUBLIC_URL}/runs/${hidden.key}?said=started`);
  expect(await page(door, `/runs/${hidden.key}?said=started`, cookie)).toContain('The run was accepted');
  expect(started(door)).toEqual([
    {
      ...{ key: hidden.key, credential: 'alice-laptop', subject: 'alice@example.com' },
      request: {
        ...{ line: 'golden', requestedBy: 'carol@example.com', reason: 'monthly patch' },
        parameters: { packageVersion: '1.4', flags: ' -a=b ', empty: '' },
      },
    },
  ]);
});

test('an image is brought with its instance, in its line’s region unless another is said', async () => {
  const { door, cookie } = await opened({ regionOf: () => 'eu-west-1' });
  const brought = { 'image-id': AMI, 'instance-id': 'i-0123456789abcdef0', 'instance-destroy': 'true' };
  await send(door, cookie, brought);
  await send(door, cookie, { 'image-id': AMI, 'image-region': 'us-east-1', 'image-destroy': 'true' });
  expect(started(door)).toMatchObject([
    {
      request: {
        image: { id: AMI, region: 'eu-west-1', destroy: false },
        instance: { id: 'i-0123456789abcdef0', destroy: true },
      },
    },
    { request: { image: { id: AMI, region: 'us-east-1', destroy: true } } },
  ]);
});

test('every fault is told at once, beside its field and with what was filled in, and starts nothing', async () => {
  const line = { ...quickSettings().line, region: 'us-east-1' };
  const { door, cookie } = await opened({ requestFaults: (request) => requestFaults(request, line, null) });
  const { hidden, answer } = await send(door, cookie, {
    ...{ 'image-region': 'nowhere', 'instance-id': '"><b>', 'requested-by': 'x'.repeat(321), reason: 'so <it> is' },
    parameters: 'amiId=x\nno equals sign\na=1\na=2\nb=${7*7}',
  });
  expect(answer.status).toBe(400);
  const text = await answer.text();
  const told = text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  for (const fault of [
    'Image : not an AMI id',
    'Region of the image : not the name of an AWS region',
    'Instance of that image : not an instance id',
    'Asked for by : is too long: at most 320 characters',
    'Parameters : line 2 is not name=value',
    'Parameters : line 4 names a parameter that is there already',
    'Parameters : amiId is set by Assay',
    'Parameters : b its value holds an expression',
  ])
    expect(told).toContain(fault);
  for (const faulty of ['image-id', 'image-region', 'instance-id', 'requested-by', 'parameters'])
    expect(text).toMatch(new RegExp(`id="${faulty}"[^>]*aria-describedby="faults [^>]*aria-invalid="true"`));
  expect(text).not.toMatch(/id="reason"[^>]*aria-invalid/);
  expect(text).toContain('so &lt;it&gt; is</textarea');
  expect(text).toContain('value="&quot;&gt;&lt;b&gt;"');
  expect(text).not.toContain('${7');
  // Put right and sent again it is the same order.
  expect(field(text, 'key')).toBe(hidden.key);
  expect(started(door)).toEqual([]);
});

test('where Temporal is away the form comes back, and sent again it is the same order', async () => {
  let away = true;
  const { door, cookie } = await opened({
    runs: {
      start: async ({ key }) => {
        if (away) throw new Unreachable('Temporal', 'Temporal at 127.0.0.1 does not answer');
        return statusOf(key ?? '');
      },
    },
  });
  const { hidden, answer } = await send(door, cookie, { reason: 'typed with care' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
  const text = await answer.text();
  expect(text).toContain('Temporal does not answer; try again');
  expect(text).toContain('typed with care');
  expect(field(text, 'key')).toBe(hidden.key);
  away = false;
  const again = await form(door, START, { ...hidden, reason: 'typed with care' }, cookie);
  expect(again.headers.get('location')).toContain(`/runs/${hidden.key}?`);
});

test('a form that has started another run already says so, and gets a key of its own', async () => {
  const { door, cookie } = await opened({
    runs: { start: () => Promise.reject(new Conflict('The key belongs to another request')) },
  });
  const { hidden, answer } = await send(door, cookie, { reason: 'changed after going back' });
  expect(answer.status).toBe(409);
  const text = await answer.text();
  expect(text).toContain(`href="${PUBLIC_URL}/runs/${hidden.key}"`);
  expect(text).toContain('changed after going back');
  expect(field(text, 'key')).not.toBe(hidden.key);
  // A key that somebody made up is refused, and the form gets a good one.
  const bad = await form(door, START, { ...hidden, key: 'no key!' }, cookie);
  expect(bad.status).toBe(400);
  expect(field(await bad.text(), 'key')).toMatch(/^golden-/);
});

describe('once more', () => {
  const ENDED = statusOf('r-1', { status: 'DENIED', stage: 'done' });
  const asked = {
    ...{ line: 'golden', parameters: { a: '1', b: 'x=y' }, requestedBy: 'carol@example.com' },
    image: { id: AMI, region: 'us-east-1', destroy: true },
    instance: { id: 'i-0123456789abcdef0', destroy: false },
  };

  test('the form of an ended run is filled in with what it was asked for', async () => {
    const { door, cookie } = await opened({ runs: { status: async () => ENDED, request: async () => asked } });
    const run = await page(door, '/runs/r-1', cookie);
    expect(run).toContain(`href="${PUBLIC_URL}${START}?again=r-1"`);
    const shown = await page(door, `${START}?again=r-1`, cookie);
    expect(shown).toContain('a=1\nb=x=y</textarea');
    expect(shown).toContain('again, after r-1, which ended DENIED</textarea');
    for (const value of [AMI, 'us-east-1', 'i-0123456789abcdef0', 'carol@example.com'])
      expect(shown).toContain(`value="${value}"`);
    expect(shown).toMatch(/name="image-destroy"[^>]* checked/);
    expect(shown).not.toMatch(/name="instance-destroy"[^>]* checked/);
  });

  test('one that is still open, or not known, is refused', async () => {
    const { door, cookie } = await opened();
    const open = await door.get(`${START}?again=r-1`, undefined, { cookie });
    expect([open.status, await open.text()]).toEqual([409, expect.stringContaining('The run r-1 is still open')]);
    for (const id of ['unknown', 'no+id', 'a~1'])
      expect((await door.get(`${START}?again=${id}`, undefined, { cookie })).status).toBe(404);
    expect(await page(door, '/runs/r-1', cookie)).not.toContain('/start');
  });
});

test('who may not start runs is not offered to, and is refused', async () => {
  const { door, cookie } = await opened(
    { runs: { status: async () => statusOf('r-1', { status: 'DENIED' }) } },
    KEYS.reader,
  );
  for (const path of ['/', '/lines/golden', '/runs/r-1'])
    expect(await page(door, path, cookie)).not.toContain('/start');
  expect((await door.get(START, undefined, { cookie })).status).toBe(403);
  const csrf = /name="csrf" value="([^"]*)"/.exec(await page(door, '/', cookie))?.[1] ?? '';
  expect((await form(door, START, { csrf, key: 'k-1' }, cookie)).status).toBe(403);
  expect(started(door)).toEqual([]);
});

test('forms from elsewhere, and of lines that are not there, start nothing', async () => {
  const { door, cookie } = await opened();
  const elsewhere = await send(door, cookie, { csrf: 'x' });
  expect(elsewhere.answer.status).toBe(403);
  const { hidden } = await send(door, cookie, { 'image-id': 'x' });
  for (const path of ['/lines/none/start', '/lines/No!/start']) {
    expect((await door.get(path, undefined, { cookie })).status).toBe(404);
    expect((await form(door, path, { ...hidden, 'image-id': 'x' }, cookie)).status).toBe(404);
  }
  expect((await form(door, START, hidden, '')).status).toBe(401);
  expect(started(door)).toEqual([]);
});

test('lists and the line’s page lead there', async () => {
  const { door, cookie } = await opened();
  for (const path of ['/', '/lines/golden'])
    expect(await page(door, path, cookie)).toContain(`href="${PUBLIC_URL}${START}"`);
});
