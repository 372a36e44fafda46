// What stands where there is nothing to show: loading, empty, refused.
import { ComponentChildren } from "preact";
import { Problem } from "../api/types";
import { Icon, IconName } from "./icons";

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      Asking for {what} …
    </p>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

/** A problem in the place of what was asked for. */
export function Trouble({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="card trouble" role="alert">
      <ProblemText problem={problem} />
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A problem in words: what, why, what to do. */
export function ProblemText({ problem, heading }: { problem: Problem; heading?: string }) {
  return (
    <div class="problem">
      <p class="problem-title">
        <Icon name="failing" />
        <strong>{heading ?? problem.title ?? "That did not work"}</strong>
      </p>
      <p class="said">{problem.detail}</p>
      {problem.action && (
        <p>
          <span class="label">What to do</span> <Text>{problem.action}</Text>
        </p>
      )}
      <p class="code">
        <code>{problem.code}</code>
      </p>
    </div>
  );
}

/** Text in which `words` in backquotes are commands. */
export function Text({ children }: { children: string }) {
  const parts = children.split("`");
  if (parts.length % 2 === 0) return <>{children}</>;
  return <>{parts.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}
