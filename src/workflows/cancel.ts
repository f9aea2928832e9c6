import { CancellationScope, defineUpdate, setHandler } from '@temporalio/workflow';
import { MESSAGE } from '../domain/names';
import type { CancelArgument, CancelResult } from './messages';

const cancelUpdate = defineUpdate<CancelResult, [CancelArgument]>(MESSAGE.cancel);

/**
 * The one way to cancel a run, whoever asks: the `cancel` update, Temporal's own cancel, or the end of the Spinnaker stage.
 * It counts until `seal` is called: once the last needed decision is counted there is no way back.
 */
export class CancelSwitch {
  /** The part of the run that can be cancelled. */
  readonly scope = new CancellationScope();
  private asked: string | null = null;
  private sealed: string | null = null;

  constructor(private readonly onAccepted: (reason: string) => void) {
    setHandler(cancelUpdate, ({ by, reason }) => this.cancel(reason ? `${by}: ${reason}` : by));
    // Temporal's own cancel reaches the root scope.
    void CancellationScope.current().cancelRequested.catch(() => this.cancel('Temporal'));
  }

  /** Why the run was cancelled; null when it was not. */
  get reason(): string | null {
    return this.asked;
  }

  cancel(reason: string): CancelResult {
    if (this.asked !== null) return { canceled: true, reason: `already canceled by ${this.asked}` };
    if (this.sealed !== null) return { canceled: false, reason: this.sealed };
    this.asked = reason;
    this.onAccepted(reason);
    this.scope.cancel();
    return { canceled: true, reason: `canceled by ${reason}` };
  }

  /** From here on a cancel is refused with this reason. False when one was accepted before. */
  seal(reason: string): boolean {
    if (this.asked !== null) return false;
    this.sealed ??= reason;
    return true;
  }
}
