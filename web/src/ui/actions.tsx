// Commands to the daemon: asked for once more where they cut somebody off, and followed until they end.
import { ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { follow, post, problemOf } from "../api/client";
import { DaemonEvent, Problem, Reloaded, Target } from "../api/types";
import { useDaemon } from "../daemon";
import { Icon } from "./icons";
import { ProblemText } from "./states";

export type Verb = "up" | "down" | "rekey" | "reauth" | "reload";

export interface Action {
  verb: Verb;
  /** What is acted on; none for a reload. */
  target?: Target;
  layer?: "ike" | "child";
  /** What it does, as a heading: "Take down office" */
  title: string;
  /** What happens to whom. With it somebody has to confirm. */
  consequence?: string;
}

interface Activity {
  id: number;
  title: string;
  state: "running" | "done" | "failed";
  step: string;
  problem?: Problem;
}

const Context = createContext<(a: Action) => void>(() => {});

/** Returns what starts an action. */
export const useAct = (): ((a: Action) => void) => useContext(Context);

export function ActionsProvider({ children }: { children: ComponentChildren }) {
  const { again } = useDaemon();
  const [asked, setAsked] = useState<Action>();
  const [list, setList] = useState<Activity[]>([]);
  const next = useRef(1);
  const change = (id: number, part: Partial<Activity>): void => setList((l) => l.map((a) => (a.id === id ? { ...a, ...part } : a)));
  const dismiss = (id: number): void => setList((l) => l.filter((a) => a.id !== id));
  const run = async (a: Action): Promise<void> => {
    const id = next.current++;
    setList((l) => [...l.slice(-4), { id, title: a.title, state: "running", step: "Asked the daemon" }]);
    try {
      change(id, { state: "done", step: await carryOut(a, (step) => change(id, { step })) });
      setTimeout(() => dismiss(id), 10_000);
    } catch (e) {
      change(id, { state: "failed", problem: problemOf(e) });
    }
    again();
  };
  const start = (a: Action): void => (a.consequence ? setAsked(a) : void run(a));
  return (
    <Context.Provider value={start}>
      {children}
      {asked && <Confirm action={asked} close={(yes) => (setAsked(undefined), yes && void run(asked))} />}
      <Activities list={list} dismiss={dismiss} />
    </Context.Provider>
  );
}

/** Does it, and returns how it ended. */
async function carryOut(a: Action, told: (step: string) => void): Promise<string> {
  const body = { ...a.target, ...(a.layer && { layer: a.layer }), timeout: 120 };
  if (a.verb === "up") {
    await follow("up", body, (item) => told((item as DaemonEvent).text));
    return "It is up.";
  }
  if (a.verb === "reload") return reloadText((await post<Reloaded>("reload", {}))!);
  await post(a.verb, body);
  return { down: "It is down.", rekey: "New keys are in use.", reauth: "Authenticated anew." }[a.verb];
}

function reloadText(r: Reloaded): string {
  const parts = [
    ...r.added.map((n) => `added ${n}`),
    ...r.removed.map((n) => `removed ${n}`),
    ...r.changed.map((n) => `changed ${n}`),
    ...(r.restart ?? []).map((n) => `${n} counts from the next start on`),
  ];
  return parts.length === 0 ? "Nothing has changed." : `${parts.slice(0, 6).join(", ")}${parts.length > 6 ? ` and ${parts.length - 6} more` : ""}.`;
}

function Confirm({ action, close }: { action: Action; close: (yes: boolean) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => (before as HTMLElement | null)?.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onCancel={(e) => (e.preventDefault(), close(false))}>
      <h2 id="confirm-title">{action.title}?</h2>
      <p>{action.consequence}</p>
      <div class="buttons">
        <button type="button" autofocus onClick={() => close(false)}>
          Cancel
        </button>
        <button type="button" class="danger" onClick={() => close(true)}>
          {action.title}
        </button>
      </div>
    </dialog>
  );
}

function Activities({ list, dismiss }: { list: Activity[]; dismiss: (id: number) => void }) {
  return (
    <section class="activities" aria-label="What you asked for" aria-live="polite">
      {list.map((a) => (
        <div key={a.id} class={`activity ${a.state}`}>
          <div class="activity-head">
            <Icon name={a.state === "running" ? "trying" : a.state === "done" ? "up" : "failing"} />
            <strong>{a.title}</strong>
            <button class="quiet square" type="button" aria-label={`Dismiss: ${a.title}`} onClick={() => dismiss(a.id)}>
              <Icon name="close" size={16} />
            </button>
          </div>
          {a.problem ? <ProblemText problem={a.problem} /> : <p class="said">{a.step}</p>}
        </div>
      ))}
    </section>
  );
}
