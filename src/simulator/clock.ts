/** Time of the simulated world: stamps are real, durations are divided by the speed factor. */

export interface Clock {
  /** Milliseconds since 1970, real time: stamps must compare with those of the programs outside. */
  now(): number;
  /** Real milliseconds that so many simulated seconds take. */
  lasts(seconds: number): number;
  /** Runs a step of the world after so many simulated seconds; never, once the clock is stopped. */
  after(seconds: number, step: () => void): void;
  /** Drops everything that is still to come. */
  stop(): void;
}

/** `speed` 1 is real time; 100 makes a minute take 0.6 s. */
export function createClock(speed: number): Clock {
  if (!(speed > 0)) throw new Error('speed must be greater than 0');
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  const lasts = (seconds: number): number => (seconds * 1000) / speed;
  return {
    now: () => Date.now(),
    lasts,
    after(seconds, step) {
      if (stopped) return;
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          step();
        },
        Math.min(lasts(seconds), 2 ** 31 - 1),
      );
      timers.add(timer);
    },
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
