package suite

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"

	"culvert/wire"
)

// A recording is a handshake between two foreign daemons, with what each of them computed, in order.
type recording struct {
	Scenario             string
	Initiator, Responder []recordedEvent
	Packets              []struct {
		Sport, Dport string
		Payload      octets
	}
	Ikev2DecryptionTable []string `json:"ikev2_decryption_table"`
	EspSA                []string `json:"esp_sa"`
}

// A recordedEvent is a named value, a chosen proposal or a message.
type recordedEvent struct {
	Name     string
	Hex      octets
	Proposal string
}

// recordings are the handshakes, with the key derivations that both sides of each make and what was sent afterwards.
var recordings = map[string]struct{ derivations, messages, packets int }{
	"cookie":                     {4, 4, 0},
	"cert-ed25519":               {10, 16, 6},
	"eap-md5":                    {6, 14, 0},
	"psk-aescbc-sha256-modp2048": {10, 16, 6},
	"psk-aescbc-sha512-modp4096": {10, 16, 6},
	"psk-ppk":                    {12, 16, 6},
	"psk-x25519-mlkem768":        {12, 28, 6},
}

func readRecording(t *testing.T, name string) *recording {
	t.Helper()
	var r recording
	readJSON(t, "handshakes/"+name+".json", &r)
	if r.Scenario != name || len(r.Packets) == 0 {
		t.Fatalf("%s: not a recording", name)
	}
	return &r
}

// parseForeignNames turns "ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ" into a selection. Our names are theirs.
func parseForeignNames(t *testing.T, s string) Selection {
	t.Helper()
	protocol, names, _ := strings.Cut(s, ":")
	sel := Selection{wire.Proposal{Protocol: wire.ProtocolIKE}}
	if protocol == "ESP" {
		sel.Proposal.Protocol = wire.ProtocolESP
	}
	for name := range strings.SplitSeq(names, "/") {
		name, additional := strings.CutPrefix(name, "KE1_")
		name = strings.Replace(name, "NO_EXT_SEQ", "NO_ESN", 1)
		i := slices.IndexFunc(algorithms(), func(a algorithm) bool { return a.name == name })
		if i < 0 {
			t.Fatalf("%s: no algorithm %q", s, name)
		}
		transform := algorithms()[i].transform
		if additional {
			transform.Type = wire.TransformADDKE1
		}
		sel.Proposal.Transforms = append(sel.Proposal.Transforms, transform)
	}
	return sel
}

// A replay follows one side of a recording and computes everything again.
type replay struct {
	*testing.T
	rec     *recording
	sel     Selection // of the proposal chosen last
	ike     Selection
	values  map[string][]byte // recorded values since that
	keys    IKEKeys
	nonces  []byte
	spi     [2]wire.SPI
	derived int

	messageKeys []messageKey
	childKeys   map[string]childKey // by encryption key
}

// A messageKey opens the messages of one direction.
type messageKey struct {
	spii, spir    wire.SPI
	fromInitiator bool
	sel           Selection
	encr, integ   []byte
}

// A childKey opens the packets of one ESP SA.
type childKey struct {
	esp         ESP
	encr, integ []byte
}

func newReplay(t *testing.T, rec *recording) *replay {
	return &replay{T: t, rec: rec, values: map[string][]byte{}, childKeys: map[string]childKey{}}
}

func (r *replay) run(events []recordedEvent) {
	for _, e := range events {
		if e.Proposal != "" {
			r.sel = parseForeignNames(r.T, e.Proposal)
			clear(r.values)
		}
		r.values[e.Name] = e.Hex
		switch e.Name {
		case "Sk_pr secret":
			r.checkIKEKeys()
		case "encryption responder key":
			if r.sel.Proposal.Transforms[0].ID == wire.EncrAESGCM16 {
				r.checkChildKeys()
			}
		case "integrity responder key":
			r.checkChildKeys()
		case "AUTH = prf(prf(secret, keypad), octets)":
			r.checkAuth()
		}
	}
}

// equal compares a computed with a recorded value.
func (r *replay) equal(name string, got []byte) {
	r.Helper()
	if want := r.values[name]; !bytes.Equal(got, want) {
		r.Errorf("%s %s: got %x, want %x", r.rec.Scenario, name, got, want)
	}
}

// checkIKEKeys derives the keys of an IKE SA: a new one, one that replaces another, or the same one after an intermediate
// key exchange, whose nonces are those of before (RFC 9370, Section 2.2.2).
func (r *replay) checkIKEKeys() {
	if ppk, ok := r.values["derive keys using PPK"]; ok {
		r.checkPPK(ppk)
		return
	}
	prf := newTestPRF(r.T, r.prfID(r.sel))
	nonces, secret, more := r.values["nonces"], r.values["key exchange secret"], r.values["additional key exchange secret"]
	ni, nr := nonces[:len(nonces)/2], nonces[len(nonces)/2:]
	r.findSPIs(r.values["Sk_ei secret"])
	var got IKEKeys
	var err error
	switch {
	case r.keys.D == nil:
		r.equal("SKEYSEED", prf.Sum(prf.skeyseedKey(ni, nr), secret))
		got, err = DeriveIKEKeys(r.sel, secret, ni, nr, r.spi[0], r.spi[1])
	case bytes.Equal(nonces, r.nonces):
		r.equal("SKEYSEED", prf.Sum(r.keys.D, secret, nonces))
		got, err = MixIKEKeys(r.sel, r.keys.D, secret, ni, nr, r.spi[0], r.spi[1])
	default:
		old := r.prfID(r.ike)
		r.equal("SKEYSEED", newTestPRF(r.T, old).Sum(r.keys.D, secret, nonces, more))
		got, err = RekeyIKEKeys(old, r.keys.D, r.sel, [][]byte{secret, more}, ni, nr, r.spi[0], r.spi[1])
	}
	if err != nil {
		r.Fatal(err)
	}
	r.derived++
	r.equal("Sk_d secret", got.D)
	r.equal("Sk_ai secret", got.Ai)
	r.equal("Sk_ar secret", got.Ar)
	r.equal("Sk_ei secret", got.Ei)
	r.equal("Sk_er secret", got.Er)
	r.equal("Sk_pi secret", got.Pi)
	r.equal("Sk_pr secret", got.Pr)
	r.keys, r.ike, r.nonces = got, r.sel, nonces
	r.messageKeys = append(r.messageKeys,
		messageKey{r.spi[0], r.spi[1], true, r.ike, got.Ei, got.Ai}, messageKey{r.spi[0], r.spi[1], false, r.ike, got.Er, got.Ar})
}

func (r *replay) prfID(sel Selection) wire.TransformID {
	t, _ := sel.Get(wire.TransformPRF)
	return t.ID
}

// checkPPK mixes a post-quantum preshared key into three of the keys by prf+ (RFC 8784, Section 3).
func (r *replay) checkPPK(ppk []byte) {
	if err := MixPPKAuth(r.ike, ppk, &r.keys); err != nil {
		r.Fatal(err)
	}
	r.equal("Sk_d secret", r.keys.D)
	r.equal("Sk_pi secret", r.keys.Pi)
	r.equal("Sk_pr secret", r.keys.Pr)
	r.derived++
	delete(r.values, "derive keys using PPK")
}

// findSPIs takes the SPIs of the IKE SA with this encryption key from the table that the daemon wrote for Wireshark.
func (r *replay) findSPIs(ei []byte) {
	for _, line := range r.rec.Ikev2DecryptionTable {
		fields := strings.Split(line, ",")
		if fields[2] != hex.EncodeToString(ei) {
			continue
		}
		for i := range r.spi {
			n, err := strconv.ParseUint(fields[i], 16, 64)
			if err != nil {
				r.Fatal(err)
			}
			r.spi[i] = wire.SPI(n)
		}
		return
	}
	r.Fatalf("%s: no SPIs for SK_ei %x", r.rec.Scenario, ei)
}

func (r *replay) checkChildKeys() {
	secret, more, seed := r.values["key exchange secret"], r.values["additional key exchange secret"], r.values["seed"]
	if !bytes.HasPrefix(seed, secret) || !bytes.HasSuffix(seed, more) {
		r.Fatalf("%s: seed does not start and end with the shared secrets", r.rec.Scenario)
	}
	nonces := seed[len(secret) : len(seed)-len(more)]
	ni, nr := nonces[:len(nonces)/2], nonces[len(nonces)/2:]
	got, err := DeriveChildKeys(r.prfID(r.ike), r.keys.D, r.sel, [][]byte{secret, more}, ni, nr)
	if err != nil {
		r.Fatal(err)
	}
	r.derived++
	r.equal("encryption initiator key", got.EncrI)
	r.equal("encryption responder key", got.EncrR)
	r.equal("integrity initiator key", got.IntegI)
	r.equal("integrity responder key", got.IntegR)
	r.childKeys[hex.EncodeToString(got.EncrI)] = childKey{ESPFromSelection(r.sel), got.EncrI, got.IntegI}
	r.childKeys[hex.EncodeToString(got.EncrR)] = childKey{ESPFromSelection(r.sel), got.EncrR, got.IntegR}
}

// checkAuth computes the AUTH value of a shared key (RFC 7296, Section 2.15).
func (r *replay) checkAuth() {
	prf := newTestPRF(r.T, r.prfID(r.ike))
	signed := r.values["octets = message + nonce + prf(Sk_px, IDx') + IntAuth"]
	if macedID := prf.Sum(r.values["SK_p"], r.values["IDx'"]); !bytes.Contains(signed, macedID) {
		r.Errorf("%s: signed octets do not contain prf(SK_p, IDx') = %x", r.rec.Scenario, macedID)
	}
	pad := prf.Sum(r.values["secret"], []byte("Key Pad for IKEv2"))
	r.equal("prf(secret, keypad)", pad)
	r.equal("AUTH = prf(prf(secret, keypad), octets)", prf.Sum(pad, signed))
}

func TestForeignKeySchedules(t *testing.T) {
	for name, want := range recordings {
		rec := readRecording(t, name)
		derived := 0
		for _, events := range [][]recordedEvent{rec.Initiator, rec.Responder} {
			r := newReplay(t, rec)
			r.run(events)
			derived += r.derived
		}
		if derived != want.derivations {
			t.Errorf("%s: %d key derivations, want %d", name, derived, want.derivations)
		}
	}
}
