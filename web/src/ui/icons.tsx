// Small pictures. All of them stand beside words, or have a label where they are.

const paths = {
  connections: "M4 7h7a4 4 0 0 1 0 8H9m11 2h-7a4 4 0 0 1 0-8h2",
  exchanges: "M5 4v16M19 4v16M5 8h11m0 0-3-3m3 3-3 3M19 16H8m0 0 3-3m-3 3 3 3",
  certificates: "M12 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10Zm-3 0-1 7 4-2 4 2-1-7",
  pools: "M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01",
  log: "M5 5h14M5 10h14M5 15h9M5 20h6",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  up: "m5 12.5 4.5 4.5L19 7.5",
  failing: "M12 7v6M12 16.5v.01M12 3 2.5 20h19L12 3Z",
  trying: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  ready: "M4 12s3-6 8-6 8 6 8 6-3 6-8 6-8-6-8-6Zm8 2.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  off: "M12 4v8M7 6.8a7.5 7.5 0 1 0 10 0",
  shield: "M12 3 5 6v5c0 4.5 3 8.2 7 10 4-1.8 7-5.5 7-10V6l-7-3Z",
  close: "M6 6l12 12M18 6 6 18",
  chevron: "m9 6 6 6-6 6",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M4 11h24M8 26v-4a8 8 0 0 1 16 0v4" />
      <path class="water" d="M12.5 25.5c1.2-1 2.3-1 3.5 0s2.3 1 3.5 0" />
    </svg>
  );
}
