// The frame: navigation, the state of the daemon, and the page that the address names.
import { useEffect, useRef, useState } from "preact/hooks";
import { DaemonProvider, useDaemon } from "./daemon";
import { ActionsProvider } from "./ui/actions";
import { Banner, Stranger } from "./ui/banner";
import { Header, Navigation } from "./ui/frame";
import { Loading, Trouble } from "./ui/states";
import { CertificatesPage } from "./pages/certificates";
import { ConnectionPage } from "./pages/connection";
import { ConnectionsPage } from "./pages/connections";
import { ExchangePage } from "./pages/exchange";
import { ExchangesPage } from "./pages/exchanges";
import { LogPage } from "./pages/log";
import { PoolsPage } from "./pages/pools";
import { UnknownPage } from "./pages/unknown";
import { parseRoute, Route } from "./route";

export function App() {
  return (
    <DaemonProvider>
      <ActionsProvider>
        <Frame />
      </ActionsProvider>
    </DaemonProvider>
  );
}

function Frame() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const daemon = useDaemon();
  useEffect(() => {
    document.title = `${titleOf(route)} · Culvert`;
  }, [route]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <Header />
      <Navigation route={route} />
      <Banner />
      <main id="main" ref={main} tabIndex={-1}>
        {daemon.problem?.status === 401 ? <Stranger /> : daemon.data ? <Page route={route} /> : daemon.problem ? <Trouble problem={daemon.problem} again={daemon.again} /> : <Loading what="the daemon" />}
      </main>
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "connections":
      return <ConnectionsPage />;
    case "connection":
      return <ConnectionPage key={route.name} name={route.name} />;
    case "exchanges":
      return <ExchangesPage key={route.connection} connection={route.connection} />;
    case "exchange":
      return <ExchangePage key={route.id} id={route.id} />;
    case "certificates":
      return <CertificatesPage />;
    case "pools":
      return <PoolsPage />;
    case "log":
      return <LogPage />;
    case "unknown":
      return <UnknownPage />;
  }
}

function titleOf(route: Route): string {
  if (route.page === "connection") return route.name;
  if (route.page === "exchange") return `Exchange ${route.id}`;
  return route.page[0]!.toUpperCase() + route.page.slice(1);
}

/** The route of the address. When it changes, the reader begins at the heading of the new page. */
function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  const first = useRef(true);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("main h1")?.focus();
  }, [hash]);
  return parseRoute(hash);
}
