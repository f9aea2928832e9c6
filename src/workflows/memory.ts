import { detailOf } from './failures';

/** What an activity remembers beyond its end, from round to round of an undo: its failure tells what it knew at last. */
export class Memory<T> {
  constructor(private remembered: T) {}

  get value(): T {
    return this.remembered;
  }

  async during<R>(act: (before: T) => Promise<R>): Promise<R> {
    try {
      return await act(this.remembered);
    } catch (error) {
      this.remembered = detailOf<T>(error) ?? this.remembered;
      throw error;
    }
  }
}
