// Places for work that needs much memory: so much of it at once, however many ask.

export interface Slots {
  /** Null where no place became free in time; nothing was done then. */
  use<T>(work: () => Promise<T>): Promise<T | null>;
}

export function openSlots(count: number, wait_ms: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];

  async function enter(): Promise<boolean> {
    if (free > 0) {
      free -= 1;
      return true;
    }
    return await new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(go), 1);
        resolve(false);
      }, wait_ms);
      waiting.push(go);
    });
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }

  return {
    async use(work) {
      if (!(await enter())) return null;
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
