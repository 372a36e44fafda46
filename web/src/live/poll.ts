// Asks again and again, while somebody looks.
import { useEffect, useRef, useState } from "preact/hooks";
import { isGone, problemOf } from "../api/client";
import { Problem } from "../api/types";

export interface Polled<T> {
  /** The last answer; undefined until there was one. */
  data: T | undefined;
  /** Why the last question was not answered; undefined when it was. */
  problem: Problem | undefined;
  /** Nobody could answer. */
  gone: boolean;
  /** When the last answer came, in milliseconds. */
  at: number;
  /** Asks at once. */
  again: () => void;
}

const usual = 2000;

/** How long to wait before the next question. A slow answer is asked for less often; of who does not answer, ever more seldom. */
export function pause(took: number, failures: number): number {
  if (failures > 0) return Math.min(1000 * 2 ** (failures - 1), 15_000);
  return Math.min(Math.max(usual, took * 10), 30_000);
}

/** Asks while the component is there and the page is visible. key: what is asked; another key begins anew. */
export function usePoll<T>(key: string, ask: () => Promise<T>, heard?: (answer: T) => void): Polled<T> {
  const [state, setState] = useState<Omit<Polled<T>, "again"> & { key: string }>({ key, data: undefined, problem: undefined, gone: false, at: 0 });
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    const loop = new Loop(ask, (answer, error) => {
      if (error === undefined) {
        heard?.(answer as T);
        setState({ key, data: answer, problem: undefined, gone: false, at: Date.now() });
      } else {
        setState((s) => ({ ...s, key, data: s.key === key ? s.data : undefined, problem: problemOf(error), gone: isGone(error) }));
      }
    });
    again.current = () => loop.now();
    return () => loop.stop();
  }, [key]);
  const mine = state.key === key;
  return { data: mine ? state.data : undefined, problem: mine ? state.problem : undefined, gone: mine && state.gone, at: state.at, again: () => again.current() };
}

/** A loop asks, waits and asks again until it is stopped. */
class Loop<T> {
  private timer: number | undefined;
  private failures = 0;
  private round = 0;
  private readonly shown = (): void => {
    if (document.hidden) clearTimeout(this.timer);
    else this.now();
  };

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly tell: (answer: T | undefined, error: unknown) => void,
  ) {
    document.addEventListener("visibilitychange", this.shown);
    this.now();
  }

  /** Asks at once. An answer to an earlier question is not told any more. */
  now(): void {
    clearTimeout(this.timer);
    void this.turn(++this.round);
  }

  stop(): void {
    this.round++;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.shown);
  }

  private async turn(round: number): Promise<void> {
    const began = performance.now();
    let answer: T | undefined;
    let error: unknown;
    try {
      answer = await this.ask();
    } catch (e) {
      error = e ?? new Error("unknown");
    }
    if (round !== this.round) return;
    this.failures = error === undefined ? 0 : this.failures + 1;
    this.tell(answer, error);
    if (!document.hidden) this.timer = window.setTimeout(() => this.now(), pause(performance.now() - began, this.failures));
  }
}
