import { Title } from "../ui/parts";
import { Empty } from "../ui/states";

export function CertificatesPage() {
  return (
    <>
      <Title>Certificates</Title>
      <Empty icon="certificates" title="There are no certificates" />
    </>
  );
}
