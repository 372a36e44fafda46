package nflog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/internal/netnstest"
)

// enter puts the test's thread into a network namespace of its own, with loopback up, and returns its file.
func enter(t *testing.T) *os.File {
	t.Helper()
	netnstest.Enter(t)
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// sender sends to loopback: raw packets of a protocol, or datagrams of UDP from a port.
func sender(t *testing.T, kind, protocol int, from uint16) func(to uint16, data []byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	home := [4]byte{127, 0, 0, 1}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: home, Port: int(from)}); err != nil {
		t.Fatal(err)
	}
	return func(to uint16, data []byte) {
		t.Helper()
		if err := unix.Sendto(fd, data, 0, &unix.SockaddrInet4{Addr: home, Port: int(to)}); err != nil {
			t.Fatal(err)
		}
	}
}

// receive returns what a log has within a while that is long for packets that are there.
func receive(t *testing.T, l *Log, count int) (list []Packet) {
	t.Helper()
	until := time.Now().Add(10 * time.Second)
	for {
		if len(list) >= count {
			until = time.Now().Add(100 * time.Millisecond)
		}
		err := l.Receive(until, func(p Packet) { list = append(list, p) })
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

const port = 4500

// The kernel shows ESP both ways, in UDP at our port too, and neither IKE, keepalives nor what is of others. Behind Close it
// has no rule more.
func TestESPIsTold(t *testing.T) {
	l, err := Open(enter(t), port)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sealed := append(binary.BigEndian.AppendUint32(nil, 0xc0ffee01), make([]byte, 60)...)
	raw, icmp := sender(t, unix.SOCK_RAW, unix.IPPROTO_ESP, 0), sender(t, unix.SOCK_RAW, unix.IPPROTO_ICMP, 0)
	ours, other := sender(t, unix.SOCK_DGRAM, 0, port), sender(t, unix.SOCK_DGRAM, 0, 999)
	icmp(0, append([]byte{0, 0, 0xff, 0xff}, make([]byte, 8)...))
	other(998, sealed)
	ours(port, []byte{0xff})
	ours(port, append(make([]byte, 4), sealed...))
	raw(0, sealed)
	ours(999, sealed)
	other(port, sealed)
	packets := receive(t, l, 4)
	var kinds strings.Builder
	for _, p := range packets {
		if p.Inner || p.SPI != 0 || p.Lost != 0 || !bytes.HasSuffix(p.Data, sealed) {
			t.Errorf("got %+v", p)
		}
		kinds.WriteString(map[dataplane.Direction]string{dataplane.Inbound: "<", dataplane.Outbound: ">"}[p.Direction])
		kinds.WriteString(map[byte]string{unix.IPPROTO_ESP: "esp ", unix.IPPROTO_UDP: "udp "}[p.Data[9]])
	}
	if got, want := kinds.String(), ">esp <esp >udp <udp "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if rules := ruleset(t); rules != "" {
		t.Errorf("left behind:\n%s", rules)
	}
	if err := l.Receive(time.Time{}, nil); err == nil {
		t.Error("a closed log is read")
	}
}

// nft reads the rules as they are meant.
func TestRulesInTheWordsOfNft(t *testing.T) {
	l, err := Open(enter(t), port)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	group := regexp.MustCompile(`group \d+`)
	got := group.ReplaceAllString(ruleset(t), "group N")
	for _, want := range []string{
		"flags owner",
		"type filter hook input priority -1000; policy accept;\n\t\tmeta l4proto esp log prefix \"esp\" group N\n\t\tudp dport 4500 @th,64,32 != 0x0 log prefix \"esp\" group N\n",
		"type filter hook prerouting priority -1000; policy accept;\n\t\tmeta mark set ipsec in spi log prefix \"inner\" group N meta mark set meta mark\n",
		"type filter hook postrouting priority 2147483647; policy accept;\n\t\tmeta mark set ipsec out spi log prefix \"inner\" group N meta mark set meta mark\n" +
			"\t\tmeta l4proto esp log prefix \"esp\" group N\n\t\tudp sport 4500 @th,64,32 != 0x0 log prefix \"esp\" group N\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in:\n%s", want, got)
		}
	}
}

func ruleset(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// Several logs in one namespace have tables and groups of their own, whichever thread opens them.
func TestLogsAreApart(t *testing.T) {
	ns := enter(t)
	opened := make(chan *Log, 2)
	for range 2 {
		go func() { // on a thread in another namespace
			l, err := Open(ns, port)
			if err != nil {
				t.Error(err)
			}
			opened <- l
		}()
	}
	one, two := <-opened, <-opened
	defer two.Close()
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	sender(t, unix.SOCK_RAW, unix.IPPROTO_ESP, 0)(0, []byte("12345678"))
	if got := receive(t, two, 2); len(got) != 2 {
		t.Errorf("the other shows %d packets", len(got))
	}
}
