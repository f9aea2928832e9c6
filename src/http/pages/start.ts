/** The form that asks for a run of a line. */
import type { LineSummary } from '../../client/api';
import type { RequestChanges } from '../../domain/again';
import { LONGEST_REASON, LONGEST_REQUESTER } from '../../domain/request';
import type { PublicAddress } from '../options';
import type { Fault } from '../problem';
import type { Session } from '../auth/sessions';
import { html, type Html } from './html';
import { lineUrl } from './lists';

/** The form's fields, each with the part of the request's body that it holds and its label. */
const FIELDS = {
  'image-id': { pointer: '#/image', label: 'Image' },
  'image-region': { pointer: '#/image/region', label: 'Region of the image' },
  'image-destroy': { pointer: '#/image/destroy', label: 'Remove the image if it is not approved' },
  'instance-id': { pointer: '#/instance', label: 'Instance of that image' },
  'instance-destroy': { pointer: '#/instance/destroy', label: 'Terminate the instance at the end' },
  parameters: { pointer: '#/parameters', label: 'Parameters' },
  'requested-by': { pointer: '#/requestedBy', label: 'Asked for by' },
  reason: { pointer: '#/reason', label: 'Why' },
} as const;
type Field = keyof typeof FIELDS;

/** What the fields hold, as texts; a box that is ticked holds `true`. */
export type StartValues = { readonly [F in Field]?: string };

export interface StartView {
  readonly address: PublicAddress;
  readonly line: LineSummary;
  readonly session: Session;
  /** Sent along, so that the form sent twice is one run. */
  readonly key: string;
  readonly values: StartValues;
  /** Why the last try started nothing; null before the first one. */
  readonly refused: { readonly detail: Html | string; readonly faults: readonly Fault[] } | null;
}

/** `/lines/{line}/start`. */
export function startPage({ address: { url }, line, session, key, values, refused }: StartView): Html {
  const faults = (refused?.faults ?? []).map((fault) => ({ fault, field: fieldOf(fault) }));
  const attributes = (field: Field): Html => {
    const faulty = faults.some((one) => one.field === field);
    const describedBy = [...(faulty ? ['faults'] : []), `${field}-help`].join(' ');
    return html`id="${field}" name="${field}" aria-describedby="${describedBy}"${faulty && html` aria-invalid="true"`}`;
  };
  const input = (field: Field, help: string, more: Html | null = null): Html =>
    html`<label for="${field}">${FIELDS[field].label}</label>
      <input ${attributes(field)} value="${values[field]}" autocomplete="off" ${more} />
      <p class="help" id="${field}-help">${help}</p>`;
  const box = (field: Field, help: string): Html =>
    html`<label class="box"
        ><input type="checkbox" ${attributes(field)} value="true" ${values[field] === 'true' && html` checked`} />
        ${FIELDS[field].label}</label
      >
      <p class="help" id="${field}-help">${help}</p>`;
  return html`<h1>Start a run of ${line.line}</h1>
    ${refused && refusal(refused.detail, faults)}
    <form class="panel" method="post" action="${lineUrl(url, line.line)}/start">
      <input type="hidden" name="csrf" value="${session.csrf}" /><input type="hidden" name="key" value="${key}" />
      <label for="reason">${FIELDS.reason.label}</label>
      <textarea ${attributes('reason')} rows="2" maxlength="${LONGEST_REASON}">${values.reason}</textarea>
      <p class="help" id="reason-help">Shown to those who approve.</p>
      ${input('requested-by', 'May not approve this run, and neither may you.', html`maxlength="${LONGEST_REQUESTER}"`)}
      <label for="parameters">${FIELDS.parameters.label}</label>
      <textarea ${attributes('parameters')} rows="3" spellcheck="false">${values.parameters}</textarea>
      <p class="help" id="parameters-help">For the pipelines, one on each line: <code>packageVersion=1.4</code></p>
      <fieldset>
        <legend>Bring an image instead of baking one</legend>
        ${input('image-id', `Its id, as ami-0abc1234. Empty: an image is baked.`)}
        ${input('image-region', `Empty: ${line.region}, where this line works.`)}
        ${box('image-destroy', 'Else a brought image is kept, and tagged as denied.')}
        ${input('instance-id', 'Its id, as i-0abc1234. Empty: a test instance is deployed.')}
        ${box('instance-destroy', 'Else a brought instance is left as it is.')}
      </fieldset>
      <button class="approve">Start the run</button>
    </form>`;
}

function refusal(
  detail: Html | string,
  faults: readonly { readonly fault: Fault; readonly field: Field | null }[],
): Html {
  return html`<div class="notice" id="faults" role="alert">
    <p>${detail}</p>
    ${
      faults.length > 0 &&
      html`<ul>
        ${faults.map(
          ({ fault, field }) =>
            html`<li>
              ${field && html`<a href="#${field}">${FIELDS[field].label}</a>: `}${nameIn(fault)}${fault.detail}
            </li>`,
        )}
      </ul>`
    }
  </div>`;
}

/** The field that a fault is about: of those that hold its place, the one that says most of it. */
function fieldOf({ pointer }: Fault): Field | null {
  const holding = (Object.keys(FIELDS) as Field[]).filter(
    (field) => pointer === FIELDS[field].pointer || pointer?.startsWith(`${FIELDS[field].pointer}/`),
  );
  return holding.reduce<Field | null>(
    (best, field) => (best && FIELDS[best].pointer.length >= FIELDS[field].pointer.length ? best : field),
    null,
  );
}

/** The name of the parameter that a fault is about. */
const nameIn = ({ pointer = '' }: Fault): Html | null => {
  const name = /^#\/parameters\/(.+)$/s.exec(pointer)?.[1];
  return name === undefined ? null : html`<code>${name.replaceAll('~1', '/').replaceAll('~0', '~')}</code> `;
};

/** The body of `POST /v1/runs` that a filled-in form asks for, with the faults that a body could not show. */
export function startBody(
  line: string,
  values: StartValues,
): { readonly body: object; readonly faults: readonly Fault[] } {
  const said = (field: Field): string | undefined => values[field]?.trim() || undefined;
  const ticked = (field: Field): boolean => values[field] === 'true';
  const { parameters, faults } = readParameters(values.parameters ?? '');
  const image = said('image-id');
  const region = said('image-region');
  const instance = said('instance-id');
  const requestedBy = said('requested-by');
  const reason = said('reason');
  return {
    body: {
      line,
      // An image without an id is a fault: whoever names its region, or ticks what is to become of it, means one.
      ...((image ?? region ?? (ticked('image-destroy') || undefined)) && {
        image: { id: image ?? '', ...(region && { region }), destroy: ticked('image-destroy') },
      }),
      ...((instance ?? (ticked('instance-destroy') || undefined)) && {
        instance: { id: instance ?? '', destroy: ticked('instance-destroy') },
      }),
      parameters,
      ...(requestedBy !== undefined && { requestedBy }),
      ...(reason !== undefined && { reason }),
    },
    faults,
  };
}

/** One `name=value` a line. The value is taken as it stands, with its blanks. */
function readParameters(text: string): { parameters: Record<string, string>; faults: Fault[] } {
  const entries = new Map<string, string>();
  const faults: Fault[] = [];
  const { pointer } = FIELDS.parameters;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    const at = line.indexOf('=');
    const name = line.slice(0, Math.max(at, 0)).trim();
    if (name === '') faults.push({ pointer, detail: `line ${index + 1} is not name=value` });
    else if (entries.has(name))
      faults.push({ pointer, detail: `line ${index + 1} names a parameter that is there already` });
    else entries.set(name, line.slice(at + 1));
  }
  return { parameters: Object.fromEntries(entries), faults };
}

/** The form filled in with a request. */
export function startValues({ image, instance, parameters, requestedBy, reason }: RequestChanges): StartValues {
  return {
    ...(image && { 'image-id': image.id, 'image-destroy': String(image.destroy) }),
    ...(image?.region !== undefined && { 'image-region': image.region }),
    ...(instance && { 'instance-id': instance.id, 'instance-destroy': String(instance.destroy) }),
    parameters: Object.entries(parameters)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
    ...(requestedBy !== undefined && { 'requested-by': requestedBy }),
    ...(reason !== undefined && { reason }),
  };
}
