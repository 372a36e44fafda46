package daemon

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"culvert/api"
	"culvert/capture"
	"culvert/dataplane"
	"culvert/esp"
)

// seen is a packet of a capture.
type seen struct {
	layer   capture.Layer
	data    []byte
	comment string
}

// packetsOf reads a capture.
func packetsOf(t *testing.T, file []byte) (list []seen, about string) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, options, err := r.ReadPacketDataWithOptions()
		if err != nil {
			return list, r.SectionInfo().Comment
		}
		list = append(list, seen{capture.Layer(info.InterfaceIndex), data, strings.Join(options.Comments, "|")})
	}
}

func somewhere() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:4500") }

// capturing begins a capture at a node and returns a function that waits for its end: what it was asked for, or now.
func (n *node) capturing(r api.CaptureRequest) (end func() []byte) {
	n.Helper()
	var file bytes.Buffer
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(n.Context(), patience)
	before := len(n.audits())
	go func() { done <- n.client.Capture(ctx, r, &file) }()
	n.await("the capture to begin", func(api.Status) bool { return len(n.audits()) > before })
	return func() []byte {
		n.Helper()
		defer cancel()
		if r.Packets == 0 {
			cancel()
		}
		if err := <-done; err != nil {
			n.Fatal(err)
		}
		return file.Bytes()
	}
}

// A capture shows every message of a handshake with what is in it, and packets before and behind ESP.
func TestCaptureOfATunnel(t *testing.T) {
	west, east := pair(t, "", "")
	end := west.capturing(api.CaptureRequest{})
	west.up()
	carries(west, east)
	packets, about := packetsOf(t, end())
	// 2 of IKE_SA_INIT, 3 of IKE_INTERMEDIATE, which is cut in two, 2 of IKE_AUTH; one packet inside, one of ESP; on a slow machine some again
	if len(packets) < 9 || !says(about, "data plane: none") {
		t.Fatalf("%d packets, about %q", len(packets), about)
	}
	var text strings.Builder
	for _, p := range packets {
		fmt.Fprintf(&text, "%v: %s\n", p.layer, p.comment)
	}
	for _, want := range []string{
		"ike: site: sent IKE_SA_INIT request 0", "ike: site: received IKE_AUTH response 2", "TSi 10.1.0.0/24", "IDr east.example.org",
		"inner: site/net: sent", "esp: site/net: sent ESP, SPI ", ", sequence 1",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q among %d octets of comments", want, text.Len())
		}
	}
	for _, p := range packets {
		switch p.layer {
		case capture.Inner:
			if !bytes.Equal(p.data, packet("under the road")) {
				t.Errorf("inside is %x", p.data)
			}
		case capture.ESP:
			if p.data[9] != 17 || bytes.Contains(p.data, []byte("under the road")) {
				t.Errorf("sealed is %x", p.data)
			}
		}
	}
	if got := west.audits(); len(got) != 2 || !says(got[0], "packets are captured for") || !says(got[1], "no longer") {
		t.Errorf("told is %q", got)
	}
}

// A capture of one connection and layer has nothing else, and packets that were dropped say why.
func TestCaptureIsFiltered(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	end := east.capturing(api.CaptureRequest{Connection: "site", Layers: []string{"esp", "inner"}, Packets: 2, Snap: 24})
	carries(west, east)
	packets, _ := packetsOf(t, end())
	if len(packets) != 2 || packets[0].layer != capture.ESP || packets[1].layer != capture.Inner || len(packets[1].data) != 24 || !says(packets[0].comment, "site/net: received ESP") {
		t.Errorf("got %+v", packets)
	}
	c := captures{engine: &engine{owners: newOwners(), backend: nil}}
	x, err := c.begin(api.CaptureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	path := dataplane.Path{Local: somewhere(), Remote: somewhere()}
	c.Tap(&dataplane.TappedPacket{Direction: dataplane.Inbound, Data: []byte{0, 0, 1, 0, 0, 0, 0, 9}, Path: path, Drop: esp.ErrReplay})
	if p := <-x.packets; !says(p.Comment, "received ESP, SPI 00000100, sequence 9; dropped: replay") {
		t.Errorf("the comment is %q", p.Comment)
	}
}

// Whoever does not read loses packets, which are counted; nobody waits for it, and memory is bounded.
func TestCaptureThatIsNotRead(t *testing.T) {
	c := captures{engine: &engine{owners: newOwners()}}
	x, err := c.begin(api.CaptureRequest{Layers: []string{"inner"}})
	if err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 60000)
	for range 1000 {
		c.Tap(&dataplane.TappedPacket{Inner: true, Direction: dataplane.Outbound, Data: large})
	}
	c.Tap(&dataplane.TappedPacket{Direction: dataplane.Outbound, Data: large[:100], Path: dataplane.Path{Local: somewhere(), Remote: somewhere()}})
	if kept, lost := uint64(len(x.packets)), x.losses(); kept+lost[capture.Inner] != 1000 || lost[capture.ESP] != 0 || x.octets.Load() > captureMemory {
		t.Errorf("%d wait, %v are lost, %d octets", kept, lost, x.octets.Load())
	}
	for range maxCaptures - 1 {
		if _, err := c.begin(api.CaptureRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.begin(api.CaptureRequest{}); err == nil {
		t.Error("there is one too many")
	}
	c.end(x)
	if len(c.active()) != maxCaptures-1 {
		t.Errorf("%d go on", len(c.active()))
	}
}

// What waits when a capture ends is in the file, and what was lost is in its statistics: together they are all there was.
func TestEndOfACaptureLosesNothingUncounted(t *testing.T) {
	const all = 1000
	c := captures{engine: &engine{owners: newOwners()}}
	x, err := c.begin(api.CaptureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for range all {
		c.Tap(&dataplane.TappedPacket{Inner: true, Direction: dataplane.Outbound, Data: make([]byte, 60000)})
	}
	lost := x.losses()[capture.Inner]
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, capture.About{})
	if err != nil || lost == 0 || lost == all {
		t.Fatalf("%v, %d are lost", err, lost)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for _, err := range []error{x.copy(ended, nil, w), x.drain(nil, w), w.End(x.losses(), "")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	packets, _ := packetsOf(t, file.Bytes())
	if s, complete := capture.ReadStatistics(&file); uint64(len(packets))+lost != all || s.Received != all || s.Dropped != lost || !complete {
		t.Errorf("%d packets, %d lost, statistics %+v, %v", len(packets), lost, s, complete)
	}
}

// With --keys the file opens itself.
func TestCaptureWithKeys(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	end := west.capturing(api.CaptureRequest{Layers: []string{"esp"}, Packets: 1, Keys: true})
	carries(west, east)
	file := end()
	if !bytes.Contains(file, []byte("ike,")) || !bytes.Contains(file, []byte(",aes")) {
		t.Error("the file has no keys")
	}
	if got := west.audits(); !says(got[0], "with session keys") {
		t.Errorf("told is %q", got)
	}
}
