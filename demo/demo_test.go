package demo

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"culvert/api"
	"culvert/config"
)

// brief is long enough for a stream to cross every change of keys.
const brief = 300 * time.Millisecond

// tells expects words in what the demonstration has written.
func tells(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, want := range words {
		if !strings.Contains(out, want) {
			t.Errorf("nothing about %q in\n%s", want, out)
		}
	}
}

// life is what both scenes show.
func life() []string {
	return []string{
		"Without a tunnel nothing passes", "IKE_SA_INIT request 0", "IKE_INTERMEDIATE response 1", "IKE_AUTH response 2", "quantum-resistant: ML-KEM-768", "IKE SA established", "child net up", "answered request 3",
		"child net rekeyed", "IKE SA rekeyed", "Gbit/s", "aes", "10.1.0.0/24 === 10.2.0.0/24", "IKE SA closed", "docs/site-to-site.md",
	}
}

// The demonstration runs whole without root, and tells what happened.
func TestDemoWithoutRoot(t *testing.T) {
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Out: &out, Transfer: brief}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	tells(t, out.String(), append(life(), "packets arrived", "With root")...)
}

// culvert builds the binary, for root alone.
func culvert(t *testing.T) string {
	t.Helper()
	if testing.Short() || os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	exe := filepath.Join(t.TempDir(), "culvert")
	if out, err := exec.Command("go", "build", "-o", exe, "culvert/cmd/culvert").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

func TestDemoWithRoot(t *testing.T) {
	exe := culvert(t)
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Out: &out, Exe: exe, Root: true, Transfer: time.Second}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	tells(t, out.String(), append(life(), "192.0.2.1", "TCP carried on")...)
	if strings.Contains(out.String(), "With root") {
		t.Error("it recommends what was done")
	}
}

// A gateway that does not start says why, and nothing stays behind.
func TestDemoWithRootThatDoesNotStart(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	script := filepath.Join(t.TempDir(), "culvert")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho no tunnels today >&2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := Run(ctx, Options{Out: new(bytes.Buffer), Exe: script, Root: true})
	if err == nil || !strings.Contains(err.Error(), "no tunnels today") {
		t.Errorf("got %v", err)
	}
	if err := Run(ctx, Options{Out: new(bytes.Buffer), Exe: script + "-missing", Root: true}); err == nil {
		t.Error("it ran without a binary")
	}
}

func TestDemoWithoutRootThatDoesNotStart(t *testing.T) {
	for _, host := range []byte{1, 2} {
		conn, err := net.ListenPacket("udp", netip.AddrPortFrom(netip.MustParseAddr(ownAddress(host)), loopbackNAT).String())
		if err != nil {
			t.Fatal(err)
		}
		err = Run(t.Context(), Options{Out: new(bytes.Buffer)})
		name := map[byte]string{1: "west", 2: "east"}[host]
		if err == nil || !strings.Contains(err.Error(), "gateway "+name+" did not start") || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("got %v", err)
		}
		conn.Close()
	}
}

func TestDemoEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, Options{Out: new(bytes.Buffer)}); err == nil {
		t.Error("it ran after its end")
	}
}

// The configurations of both scenes are what the daemon takes without a warning.
func TestConfigurationsAreWhole(t *testing.T) {
	west, east := end{"west", "192.0.2.1", "10.1.0.0/24"}, end{"east", "192.0.2.2", "10.2.0.0/24"}
	for _, port := range []string{"", "port = 4500"} {
		files := fstest.MapFS{"culvert.hcl": &fstest.MapFile{Data: []byte(connection(west, east, port)), Mode: 0o600}}
		cfg, found := config.Source{Files: files}.Load("/culvert.hcl")
		if cfg == nil || len(found) > 0 {
			t.Fatalf("with %q: %v", port, found)
		}
		c := cfg.Connection("demo")
		if c == nil || !c.ForceEncap || c.Child("net") == nil || c.Local.ID.String() != "west.example.org" || c.Remote.ID.String() != "east.example.org" {
			t.Errorf("the connection is %+v", c)
		}
	}
}

func TestDrawing(t *testing.T) {
	tests := []struct {
		name  string
		event api.Event
		want  string
	}{
		{"a message that leaves", api.Event{Kind: api.EventSent, Text: "sent IKE_SA_INIT request 0 [ SA KE Ni N(NAT_DETECTION_SOURCE_IP) ], 460 octets"},
			"       |-- IKE_SA_INIT request 0 ----------->|   460 octets  SA KE Ni N(NATD_S)\n"},
		{"a message that comes", api.Event{Kind: api.EventReceived, Text: "received IKE_AUTH response 1 [ IDr AUTH ], 57 octets"},
			"       |<-- IKE_AUTH response 1 -------------|    57 octets  IDr AUTH\n"},
		{"one without payloads", api.Event{Kind: api.EventSent, Text: "sent INFORMATIONAL response 2 [ ], 57 octets"},
			"       |-- INFORMATIONAL response 2 -------->|    57 octets  \n"},
		{"a milestone", api.Event{Kind: api.EventUp, Text: "IKE SA established"}, "       *  IKE SA established\n"},
		{"anything else", api.Event{Kind: api.EventWaiting, Text: "trying again"}, ""},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		(&show{out: &out}).draw(tt.event)
		if out.String() != tt.want {
			t.Errorf("%s:\n%q, want\n%q", tt.name, out.String(), tt.want)
		}
	}
}

// An echo request is a packet as hosts send them, and the host behind east answers it.
func TestEcho(t *testing.T) {
	l := &loopback{echoes: make(chan uint16, 4), west: &inProcess{inner: netip.MustParseAddr("10.1.0.1")}, east: &inProcess{inner: netip.MustParseAddr("10.2.0.1")}}
	var answer []byte
	l.east.packets.Inject = func(p []byte) error {
		answer = p
		return nil
	}
	request, err := l.echo(l.west.inner, l.east.inner, layers.ICMPv4TypeEchoRequest, 7)
	if err != nil {
		t.Fatal(err)
	}
	l.arriveEast(request)
	p := gopacket.NewPacket(answer, layers.LayerTypeIPv4, gopacket.Default)
	ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	icmp, _ := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
	if ip == nil || icmp == nil || ip.SrcIP.String() != "10.2.0.1" || ip.DstIP.String() != "10.1.0.1" || icmp.Seq != 7 || icmp.TypeCode.Type() != layers.ICMPv4TypeEchoReply {
		t.Fatalf("the answer is %v", p)
	}
	l.arriveWest(answer)
	if err := l.answer(t.Context(), 7); err != nil {
		t.Error(err)
	}
}

// The answer to an earlier request is none to this one.
func TestLateAnswersDoNotCount(t *testing.T) {
	l := &loopback{echoes: make(chan uint16, 4)}
	l.echoes <- 1
	l.echoes <- 2
	if err := l.answer(t.Context(), 2); err != nil {
		t.Error(err)
	}
	l.echoes <- 1
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.answer(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDatagramsAreCounted(t *testing.T) {
	l := &loopback{}
	for range 3 {
		l.arriveEast([]byte{0x45})
	}
	if l.packets.Load() != 3 || l.received.Load() != 3 {
		t.Errorf("%d packets of %d octets", l.packets.Load(), l.received.Load())
	}
}

// Each process has addresses of its own, all of them loopback.
func TestOwnAddresses(t *testing.T) {
	west, east := netip.MustParseAddr(ownAddress(1)), netip.MustParseAddr(ownAddress(2))
	if west == east || !west.IsLoopback() || !east.IsLoopback() {
		t.Errorf("west is %v, east %v", west, east)
	}
}
