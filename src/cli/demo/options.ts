/** Options of the commands that play the outside. */
import { InvalidArgumentError } from 'commander';
import { createServer, type AddressInfo } from 'node:net';

/** A TCP port; 0 is a free one. */
export function port(text: string): number {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port, 0 to 65535.');
}

/** How much faster than life, 0.1 to 100. */
export function speed(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0.1 && value <= 100) return value;
  throw new InvalidArgumentError('It must be a number from 0.1 to 100.');
}

/** The port itself, or for 0 one that is free now. */
export async function portToUse(wanted: number): Promise<number> {
  if (wanted !== 0) return wanted;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}
