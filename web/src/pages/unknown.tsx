import { Title } from "../ui/parts";
import { toConnections } from "../route";

export function UnknownPage() {
  return (
    <>
      <Title>There is no such page</Title>
      <p>
        <a href={toConnections}>See the connections</a>
      </p>
    </>
  );
}
