package capture

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"culvert/api"
	"culvert/dataplane"
	"culvert/esp"
)

func path(local, remote string, t dataplane.Transport) *dataplane.Path {
	return &dataplane.Path{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote), Transport: t}
}

// What is written can be read with comments, directions and what was lost, behind keys that a reader passes over.
func TestFileIsReadAgain(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, About{Application: "culvert test", Comment: "of a test", Snap: 64})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1795348800, 123456789)
	p := Packet{Time: at, Layer: ESP, Direction: dataplane.Outbound, Data: bytes.Repeat([]byte{0x45}, 100), Comment: "office/net", Lost: 3}
	p.Snap(64)
	for _, err := range []error{w.WriteSecrets([]byte("esp,1,null-sha1,tunnel,,\n")), w.Write(&p), w.End([3]uint64{0, 3, 0}, "counted")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	data, info, options, err := r.ReadPacketDataWithOptions()
	if err != nil || len(data) != 64 || info.Length != 100 || !info.Timestamp.Equal(at) || info.InterfaceIndex != int(ESP) {
		t.Fatalf("%+v, %v", info, err)
	}
	if options.Comments[0] != "office/net" || *options.DropCount != 3 || options.Flags.Direction != pcapgo.NgEpbFlagDirectionOutbound {
		t.Errorf("options are %+v", options)
	}
	if _, _, err := r.ReadPacketData(); err == nil {
		t.Error("there is more")
	}
	i, err := r.Interface(int(ESP))
	if err != nil || i.Name != "esp" || i.Statistics.PacketsDropped != 3 || i.Statistics.PacketsReceived != 4 || i.Statistics.Comment != "counted" || r.SectionInfo().Application != "culvert test" {
		t.Errorf("the interface is %+v, %v", i, err)
	}
}

// Headers are those with which a packet travels.
func TestEnvelopes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		layer Layer
		dir   dataplane.Direction
		path  *dataplane.Path
		want  []gopacket.LayerType
		load  string
		from  string
	}{
		{"ESP", ESP, dataplane.Outbound, path("192.0.2.1:500", "192.0.2.2:500", dataplane.TransportRaw), []gopacket.LayerType{layers.LayerTypeIPv4, layers.LayerTypeIPSecESP}, "", "192.0.2.1"},
		{"ESP in UDP", ESP, dataplane.Inbound, path("192.0.2.1:4500", "192.0.2.2:4500", dataplane.TransportUDP), []gopacket.LayerType{layers.LayerTypeIPv4, layers.LayerTypeUDP}, "payload!", "192.0.2.2"},
		{"IKE", IKE, dataplane.Outbound, path("192.0.2.1:500", "192.0.2.2:500", dataplane.TransportRaw), []gopacket.LayerType{layers.LayerTypeIPv4, layers.LayerTypeUDP}, "payload!", "192.0.2.1"},
		{"IKE behind a NAT", IKE, dataplane.Outbound, path("[2001:db8::1]:4500", "[2001:db8::2]:4500", dataplane.TransportUDP), []gopacket.LayerType{layers.LayerTypeIPv6, layers.LayerTypeUDP}, "\x00\x00\x00\x00payload!", "2001:db8::1"},
		{"IKE in TCP", IKE, dataplane.Outbound, path("192.0.2.1:41000", "192.0.2.2:443", dataplane.TransportTCP), []gopacket.LayerType{layers.LayerTypeIPv4, layers.LayerTypeUDP}, "\x00\x00\x00\x00payload!", "192.0.2.1"},
	} {
		data := Envelope(tt.layer, tt.dir, tt.path, 0, []byte("payload!"), 4500)
		p := gopacket.NewPacket(data, tt.want[0], gopacket.Default)
		for i, l := range tt.want {
			if all := p.Layers(); len(all) <= i || all[i].LayerType() != l {
				t.Fatalf("%s: %v", tt.name, p)
			}
		}
		if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok && string(udp.Payload) != tt.load {
			t.Errorf("%s: %q", tt.name, udp.Payload)
		}
		if from := p.NetworkLayer().NetworkFlow().Src().String(); from != tt.from {
			t.Errorf("%s comes from %s", tt.name, from)
		}
	}
	if keepalive := Envelope(IKE, dataplane.Outbound, path("192.0.2.1:4500", "192.0.2.2:4500", dataplane.TransportUDP), 0, []byte("\xff"), 4500); len(keepalive) != 29 {
		t.Errorf("a keepalive has %d octets", len(keepalive))
	}
}

func TestComments(t *testing.T) {
	packet := []byte{0xc0, 0xff, 0xee, 1, 0, 0, 0, 7}
	for got, want := range map[string]string{
		ESPComment("office/net", dataplane.Outbound, packet, 0):         "office/net: sent ESP, SPI c0ffee01, sequence 7",
		ESPComment("", dataplane.Inbound, packet, esp.ErrReplay):        "received ESP, SPI c0ffee01, sequence 7; dropped: replay (" + esp.ErrReplay.Error() + ")",
		ESPComment("", dataplane.Inbound, packet[:7], esp.ErrTruncated): "received ESP, too short; dropped: truncated (" + esp.ErrTruncated.Error() + ")",
		InnerComment("office/net", dataplane.Inbound, 0xc0ffee01, 0):    "office/net: received through SPI c0ffee01",
		HeaderSummary(append(make([]byte, 17), 0x20)):                   "no message of IKE",
		View([]api.TracePayload{{Type: "IDi", Summary: "a", Fields: []api.TraceField{{Name: "type", Value: "ID_FQDN", Fields: []api.TraceField{{Name: "x", Value: "y"}}}}}}): "\nIDi a\n  type: ID_FQDN\n    x: y",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := make([]api.TraceField, 1000)
	for i := range long {
		long[i].Value = strings.Repeat("x", 100)
	}
	if n := len(View([]api.TracePayload{{Fields: long}})); n > 17<<10 {
		t.Errorf("a comment has %d octets", n)
	}
}
