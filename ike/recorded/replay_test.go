package recorded

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

// TestRecordedHandshakes replays every folder of testdata.
func TestRecordedHandshakes(t *testing.T) {
	folders, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	replayed := 0
	for _, f := range folders {
		if f.IsDir() {
			t.Run(f.Name(), func(t *testing.T) { replayFolder(t, filepath.Join("testdata", f.Name())) })
			replayed++
		}
	}
	if replayed < 7 {
		t.Errorf("%d recordings only", replayed)
	}
}

func replayFolder(t *testing.T, folder string) {
	l := readLog(t, filepath.Join(folder, "kat.json"))
	r := &replay{T: t, log: l, secrets: l.secrets(), derived: map[string][][]byte{}, seen: map[string]bool{}, first: map[wire.SPI][]byte{}}
	for _, m := range messages(t, filepath.Join(folder, "wire.pcap")) {
		r.receive(m)
	}
	if n := l.check(t, r.derived); n < 20 || r.opened < 4 {
		t.Errorf("%d values and %d messages only", n, r.opened)
	}
	l.checkNAT(t)
	if len(r.secrets) > 0 {
		t.Errorf("%d secrets are not used", len(r.secrets))
	}
	if r.proofs == 0 {
		t.Error("no AUTH was verified")
	}
}

// A replay computes what two peers have computed.
type replay struct {
	*testing.T
	log     log
	secrets []secret // not used yet
	derived map[string][][]byte
	sas     []*sa
	first   map[wire.SPI][]byte // the latest IKE_SA_INIT request of an initiator
	seen    map[string]bool     // what was handled, to know retransmissions
	opened  int
	proofs  int
}

func (r *replay) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// derive notes a value under the name that the daemons have for it.
func (r *replay) derive(name string, value []byte) {
	r.derived[name] = append(r.derived[name], bytes.Clone(value))
}

// knows tells whether there is a secret for these nonces.
func (r *replay) knows(ni, nr []byte) bool {
	return slices.ContainsFunc(r.secrets, func(s secret) bool { return bytes.Contains(s.nonces, slices.Concat(ni, nr)) })
}

// take returns the secret of the next derivation with these nonces.
func (r *replay) take(ni, nr []byte) secret {
	r.Helper()
	i := slices.IndexFunc(r.secrets, func(s secret) bool { return bytes.Contains(s.nonces, slices.Concat(ni, nr)) })
	if i < 0 {
		r.Fatalf("no secret for nonces %x %x", ni, nr)
	}
	s := r.secrets[i]
	r.secrets = slices.Delete(slices.Clone(r.secrets), i, i+1)
	return s
}

// receive takes a datagram to its IKE SA.
func (r *replay) receive(datagram []byte) {
	h, err := wire.ParseHeader(datagram)
	r.must(err)
	if r.seen[string(datagram)] {
		return
	}
	r.seen[string(datagram)] = true
	if h.Exchange == wire.ExchangeSAInit {
		r.init(datagram)
		return
	}
	i := slices.IndexFunc(r.sas, func(s *sa) bool { return s.spiI == h.InitiatorSPI && s.spiR == h.ResponderSPI })
	if i < 0 {
		r.Fatalf("a message of an unknown IKE SA %x", uint64(h.InitiatorSPI))
	}
	if m := r.sas[i].open(datagram); m != nil {
		r.opened++
		r.sas[i].handle(m)
	}
}

// init takes an IKE_SA_INIT message. The request that counts is the one before the response that has a key.
func (r *replay) init(datagram []byte) {
	m, err := wire.Parse(datagram)
	r.must(err)
	if !m.IsResponse() {
		r.first[m.InitiatorSPI] = datagram
		return
	}
	answer, ok := wire.Find[*wire.SA](m.Payloads)
	if !ok {
		return
	}
	request, err := wire.Parse(r.first[m.InitiatorSPI])
	r.must(err)
	s := &sa{replay: r, spiI: m.InitiatorSPI, spiR: m.ResponderSPI, sel: suite.Selection{Proposal: answer.Proposals[0]},
		messageI: r.first[m.InitiatorSPI], messageR: datagram, ni: nonce(request.Payloads), nr: nonce(m.Payloads)}
	if !r.knows(s.ni, s.nr) {
		return // a handshake that nobody went on with
	}
	_, transcriptI := wire.FindNotify(request.Payloads, wire.NotifyFullTranscriptAuth)
	_, transcriptR := wire.FindNotify(m.Payloads, wire.NotifyFullTranscriptAuth)
	s.transcript = transcriptI && transcriptR
	s.prf, err = suite.NewPRF(s.transform(wire.TransformPRF))
	r.must(err)
	secret := r.take(s.ni, s.nr)
	seed := slices.Concat(s.ni, s.nr)
	r.derive("nonces", seed)
	if s.prf.ID() == wire.PRFAES128XCBC || s.prf.ID() == wire.PRFAES128CMAC {
		seed = slices.Concat(s.ni[:8], s.nr[:8]) // RFC 7296, Section 2.14
	}
	r.derive("SKEYSEED", s.prf.Sum(seed, secret.exchanged))
	keys, err := suite.DeriveIKEKeys(s.sel, secret.exchanged, s.ni, s.nr, s.spiI, s.spiR)
	r.must(err)
	s.use(keys)
	r.sas = append(r.sas, s)
}

func nonce(payloads []wire.Payload) []byte {
	n, _ := wire.Find[*wire.Nonce](payloads)
	return n.Data
}
