/** The key is taken by another request. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** A service that is needed does not answer. `service` names it for people. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor(
    readonly service: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
