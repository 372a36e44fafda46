package capture

import (
	"crypto/rand"
	"fmt"
	"slices"

	"culvert/keylog"
	"culvert/suite"
	"culvert/trace"
	"culvert/wire"
)

// maxReassemblies is of how many messages fragments are held at a time.
const maxReassemblies = 256

// A messageID tells the fragmented messages of a file apart.
type messageID struct {
	spis      [2]wire.SPI
	id        uint32
	initiator bool
	response  bool
}

// ikeView opens messages of IKE.
type ikeView struct {
	ring       *keylog.Ring
	protectors map[*keylog.IKE][2]wire.Protector // of initiator and responder; nil: the keys are of no use
	pieces     map[messageID]*wire.Reassembler
	begun      []messageID // of pieces, the oldest first: it goes when there are too many
}

// open says what a message of IKE has in it. opened tells whether there was something to open, and a key for it.
func (v *ikeView) open(b []byte) (comment string, sealed, opened bool) {
	h, err := wire.ParseHeader(b)
	if err != nil {
		return "", false, false
	}
	if h.Exchange == wire.ExchangeSAInit {
		return v.plain(b), false, false
	}
	list := v.ring.IKE[[2]wire.SPI{h.InitiatorSPI, h.ResponderSPI}]
	if len(list) == 0 {
		return HeaderSummary(b) + "; there is no key", true, false
	}
	for i := len(list) - 1; i >= 0; i-- { // keys that came later are tried first: the exchanges that came before are fewer
		if comment, ok := v.openWith(&list[i], h, b); ok {
			return comment, true, true
		}
	}
	return HeaderSummary(b) + "; no key fits", true, false
}

// plain shows a message that is not protected.
func (v *ikeView) plain(b []byte) string {
	m, err := wire.Parse(b)
	if err != nil {
		return HeaderSummary(b) + "; malformed: " + err.Error()
	}
	return wire.Summary(m) + View(trace.Payloads(m.Payloads, m.IsResponse()))
}

// openWith opens a message, or one fragment of one, with the keys of one moment of an IKE SA.
func (v *ikeView) openWith(k *keylog.IKE, h wire.Header, b []byte) (comment string, ok bool) {
	pair, known := v.protectors[k]
	if !known {
		i, err1 := protector(k, true)
		r, err2 := protector(k, false)
		if err1 == nil && err2 == nil {
			pair = [2]wire.Protector{i, r}
		}
		v.protectors[k] = pair
	}
	p := pair[1]
	if h.FromInitiator() {
		p = pair[0]
	}
	if p == nil {
		return "", false
	}
	copied := append([]byte(nil), b...) // what does not fit may destroy it
	if h.NextPayload == wire.PayloadSKF {
		return v.fragment(p, h, copied)
	}
	m, err := wire.Open(p, copied)
	if err != nil {
		return "", false
	}
	return wire.Summary(m) + View(trace.Payloads(m.Payloads, m.IsResponse())), true
}

// fragment opens one fragment, and shows the message with the last of them (RFC 7383, Section 2.6).
func (v *ikeView) fragment(p wire.Protector, h wire.Header, b []byte) (comment string, ok bool) {
	f, err := wire.OpenFragment(p, b)
	if err != nil {
		return "", false
	}
	id := messageID{[2]wire.SPI{h.InitiatorSPI, h.ResponderSPI}, h.MessageID, h.FromInitiator(), h.IsResponse()}
	r := v.pieces[id]
	if r == nil {
		if len(v.begun) >= maxReassemblies {
			delete(v.pieces, v.begun[0])
			v.begun = slices.Delete(v.begun, 0, 1)
		}
		r = new(wire.Reassembler)
		v.pieces[id] = r
		v.begun = append(v.begun, id)
	}
	text := HeaderSummary(b) + fragmentText(&f)
	m, complete, err := r.Add(f)
	if err != nil || !complete {
		return text, true
	}
	delete(v.pieces, id)
	v.begun = slices.DeleteFunc(v.begun, func(o messageID) bool { return o == id })
	return text + "; " + wire.Summary(m) + View(trace.Payloads(m.Payloads, m.IsResponse())), true
}

// protector makes the cipher of one direction.
func protector(k *keylog.IKE, initiator bool) (wire.Protector, error) {
	if initiator {
		return suite.NewProtector(k.Suite, k.Keys.Ei, k.Keys.Ai, rand.Reader)
	}
	return suite.NewProtector(k.Suite, k.Keys.Er, k.Keys.Ar, rand.Reader)
}

func fragmentText(f *wire.Fragment) string {
	return fmt.Sprintf(", fragment %d of %d", f.Number, f.Total)
}
