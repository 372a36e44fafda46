package kernel_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"culvert/esp"
	"culvert/interop/lab"
	"culvert/suite"
	"culvert/wire"
)

// An oracle is the kernel's ESP without any IKE: the states of sun are set by hand, and moon is package esp at a raw socket.
//
//	package esp at 10.99.0.1 ---- 10.99.0.2 kernel, 10.2.0.1:7 sends back what comes
type oracle struct {
	*lab.Lab
	moon, sun   *lab.Host
	near, far   netip.Addr // the ends of the tunnel
	inner, echo netip.AddrPort
	raw         *net.IPConn  // ESP of moon
	mirror      *net.UDPConn // of sun, sends back what comes
}

// The SPIs of the tunnel, in the direction that the name says.
const (
	spiToKernel   = 0x1001
	spiFromKernel = 0x2002
)

// newOracle makes the scene, with IPv4 outside and inside.
func newOracle(t *testing.T) *oracle {
	t.Helper()
	l := lab.New(t)
	o := &oracle{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	l.Link(o.moon, o.sun, []string{"10.99.0.1/24", "fd99::1/64"}, []string{"10.99.0.2/24", "fd99::2/64"})
	o.sun.Address("10.2.0.1/24", "fd02::1/64")
	o.sun.Must("ip", "route", "add", "10.1.0.0/24", "via", "10.99.0.1", "dev", "moon")
	o.sun.Must("ip", "-6", "route", "add", "fd01::/64", "via", "fd99::1", "dev", "moon")
	o.Cleanup(func() { o.raw.Close(); o.mirror.Close() })
	o.aim(false, false)
	return o
}

// aim chooses the families of the tunnel.
func (o *oracle) aim(outer6, inner6 bool) {
	o.Helper()
	network := "ip4:50"
	o.near, o.far = netip.MustParseAddr("10.99.0.1"), netip.MustParseAddr("10.99.0.2")
	o.inner, o.echo = netip.MustParseAddrPort("10.1.0.1:7777"), netip.MustParseAddrPort("10.2.0.1:7")
	if outer6 {
		network, o.near, o.far = "ip6:50", netip.MustParseAddr("fd99::1"), netip.MustParseAddr("fd99::2")
	}
	if inner6 {
		o.inner, o.echo = netip.MustParseAddrPort("[fd01::1]:7777"), netip.MustParseAddrPort("[fd02::1]:7")
	}
	o.listen(network)
	o.policies()
}

// listen opens the socket for ESP at moon, and the one that answers at sun.
func (o *oracle) listen(network string) {
	o.Helper()
	if o.raw != nil {
		o.raw.Close()
		o.mirror.Close()
	}
	err := o.moon.Inside(func() (err error) {
		o.raw, err = net.ListenIP(network, &net.IPAddr{IP: o.near.AsSlice()})
		return err
	})
	if err != nil {
		o.Fatal(err)
	}
	o.mirror = o.sun.ListenUDP(o.echo)
	go reflect(o.mirror)
}

func (o *oracle) policies() {
	o.Helper()
	host := func(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }
	policy := "policy add src %s dst %s dir %s tmpl src %v dst %v proto esp mode tunnel\n"
	o.ip("policy flush\n" + fmt.Sprintf(policy, host(o.echo.Addr()), host(o.inner.Addr()), "out", o.far, o.near) +
		fmt.Sprintf(policy, host(o.inner.Addr()), host(o.echo.Addr()), "in", o.near, o.far))
}

// ip has sun carry out lines of `ip xfrm`.
func (o *oracle) ip(lines string) {
	o.Helper()
	text := regexp.MustCompile(`(?m)^`).ReplaceAllString(strings.TrimSpace(lines), "xfrm ")
	o.sun.Must("ip", "-batch", o.sun.Write("batch", text+"\n"))
}

// A tunnel is a pair of SAs of package esp, each with its other end in the kernel.
type tunnel struct {
	algorithm string // as in a configuration
	esn       bool
	window    int
	last      uint64 // the last sequence number used in both directions
	padTo     int    // of packets to the kernel
	extra     string // of the kernel's states
}

// open gives the kernel the states of a tunnel, instead of all others, and returns our SAs.
func (o *oracle) open(k tunnel) (*esp.Outbound, *esp.Inbound) {
	o.Helper()
	to, from := o.params(k, spiToKernel), o.params(k, spiFromKernel)
	state := "state add src %v dst %v proto esp spi %#x mode tunnel " + kernelAlgorithm(k.algorithm, to.EncrKey, to.IntegKey) + k.flags()
	if o.near.Is4() != o.inner.Addr().Is4() {
		state += " flag af-unspec"
	}
	o.ip("state flush\n" + fmt.Sprintf(state, o.near, o.far, to.SPI) + "\n" + fmt.Sprintf(state, o.far, o.near, from.SPI))
	out, err := esp.NewOutbound(to, rand.Reader)
	if err != nil {
		o.Fatal(err)
	}
	in, err := esp.NewInbound(from)
	if err != nil {
		o.Fatal(err)
	}
	return out, in
}

// params describe one of the tunnel's SAs.
func (o *oracle) params(k tunnel, spi uint32) esp.Params {
	o.Helper()
	proposal, err := suite.ParseProposal(wire.ProtocolESP, k.algorithm)
	if err != nil {
		o.Fatal(err)
	}
	transforms := suite.ESPFromSelection(suite.Selection{Proposal: proposal})
	transforms.ESN = k.esn
	encr, integ := transforms.KeyLengths()
	key := func(n int, first byte) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = first + byte(i)
		}
		return b
	}
	return esp.Params{
		SPI: spi, Transforms: transforms, EncrKey: key(encr, 1), IntegKey: key(integ, 101),
		ReplayWindow: k.window, Sequence: k.last, PadTo: k.padTo,
	}
}

// flags are what the kernel's states have beside their keys.
func (k tunnel) flags() string {
	s := fmt.Sprintf(" replay-window %d replay-seq %d replay-oseq %d", k.window, uint32(k.last), uint32(k.last))
	if k.esn {
		s += fmt.Sprintf(" replay-seq-hi %d replay-oseq-hi %d flag esn", k.last>>32, k.last>>32)
	}
	return s + " " + k.extra
}

// kernelAlgorithm says in iproute2's words what an algorithm of ours is.
func kernelAlgorithm(name string, encr, integ []byte) string {
	cipher, hash, _ := strings.Cut(name, "-")
	kind := strings.TrimLeft(strings.TrimPrefix(cipher, "aes"), "0123456789")
	hexed := "0x" + hex.EncodeToString(encr)
	combined := map[string]string{
		"gcm8": "rfc4106(gcm(aes)) %s 64", "gcm12": "rfc4106(gcm(aes)) %s 96", "gcm16": "rfc4106(gcm(aes)) %s 128",
		"ccm8": "rfc4309(ccm(aes)) %s 64", "ccm12": "rfc4309(ccm(aes)) %s 96", "ccm16": "rfc4309(ccm(aes)) %s 128",
		"gmac": "rfc4543(gcm(aes)) %s 128", "chacha20poly1305": "rfc7539esp(chacha20,poly1305) %s 128",
	}
	if words, ok := combined[kind]; ok {
		return "aead " + fmt.Sprintf(words, hexed)
	}
	ciphers := map[string]string{"": "cbc(aes) " + hexed, "ctr": "rfc3686(ctr(aes)) " + hexed, "null": `cipher_null ""`}
	hashes := map[string]string{
		"sha1": "hmac(sha1) %s 96", "sha256": "hmac(sha256) %s 128", "sha384": "hmac(sha384) %s 192", "sha512": "hmac(sha512) %s 256",
		"aesxcbc": "xcbc(aes) %s 96", "aescmac": "cmac(aes) %s 96",
	}
	return "enc " + ciphers[kind] + " auth-trunc " + fmt.Sprintf(hashes[hash], "0x"+hex.EncodeToString(integ))
}

// send has a sealed packet arrive at the kernel.
func (o *oracle) send(sealed []byte) {
	o.Helper()
	if _, err := o.raw.WriteTo(sealed, &net.IPAddr{IP: o.far.AsSlice()}); err != nil {
		o.Fatal(err)
	}
}

// receive waits for a packet that the kernel has sealed.
func (o *oracle) receive() []byte {
	o.Helper()
	sealed, err := o.poll(patience)
	if err != nil {
		o.Fatalf("no ESP from the kernel: %v\n%v", err, o.stats())
	}
	return sealed
}

// poll waits for a packet that the kernel has sealed, but not for ever.
func (o *oracle) poll(patience time.Duration) ([]byte, error) {
	if err := o.raw.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<16)
	n, _, err := o.raw.ReadFrom(buf)
	return buf[:n], err
}

// stats are the kernel's counts of refused packets that are not zero.
func (o *oracle) stats() map[string]int {
	o.Helper()
	var text []byte
	err := o.sun.Inside(func() (err error) {
		text, err = os.ReadFile("/proc/thread-self/net/xfrm_stat")
		return err
	})
	if err != nil {
		o.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[1] != "0" {
			counts[f[0]], _ = strconv.Atoi(f[1])
		}
	}
	return counts
}
