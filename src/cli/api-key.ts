/** API keys as HTTP headers carry them. No form is demanded of a key; but some texts get through no header as they are. */

const LONGEST = 4096;

/** Why a text cannot be sent as a key; `undefined` when it can. */
export function keyFault(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (Buffer.byteLength(key) > LONGEST) return `it is longer than ${LONGEST} bytes`;
  // RFC 9110, 5.5: a field value holds no other control characters, and space around it is not part of it.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(key))
    return 'it holds a line break or another character that no header can carry';
  if (/^[ \t]|[ \t]$/.test(key)) return 'it begins or ends with a space, which a header loses';
  return undefined;
}

/** A header's text that is sent as the key's bytes in UTF-8: `fetch` sends each character as one byte. */
export const headerOf = (key: string): string => Buffer.from(key, 'utf8').toString('latin1');
