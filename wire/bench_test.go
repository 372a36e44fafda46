package wire

import (
	"bytes"
	"testing"
)

// foreignSAInit is an IKE_SA_INIT request of strongSwan with eight payloads.
func foreignSAInit(t testing.TB) []byte {
	t.Helper()
	return readCapture(t, "testdata/captures/strongswan/cert-ed25519.pcap", "")[0].octets
}

func TestParseAllocatesLittle(t *testing.T) {
	b := foreignSAInit(t)
	got := testing.AllocsPerRun(100, func() {
		if _, err := Parse(b); err != nil {
			t.Fatal(err)
		}
	})
	// One message, its list, eight payloads, the proposals and their transforms.
	if got > 12 {
		t.Errorf("%v allocations, want at most 12", got)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	m, err := Parse(foreignSAInit(t))
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, 2048)
	if got := testing.AllocsPerRun(100, func() { buffer = m.Append(buffer[:0]) }); got != 0 {
		t.Errorf("%v allocations into a buffer with room", got)
	}
}

func BenchmarkParseSAInit(b *testing.B) {
	message := foreignSAInit(b)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendSAInit(b *testing.B) {
	m, err := Parse(foreignSAInit(b))
	if err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		buffer = m.Append(buffer[:0])
	}
	b.SetBytes(int64(len(buffer)))
}

func BenchmarkParseAuthPlaintext(b *testing.B) {
	first := plaintexts(b)[0]
	b.SetBytes(int64(len(first.octets)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePayloads(first.first, first.octets); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuseManyPayloads(b *testing.B) {
	chain := bytes.Repeat([]byte{255, 0, 0, 4}, 16000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePayloads(255, chain); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkNotifyName(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if NotifySignatureHashAlgorithms.String() == "" {
			b.Fatal("no name")
		}
	}
}
