package demo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"culvert/daemon"
)

// Ports of the loopback scene, which need no privileges. They are those of addresses that no other process with a scene has.
const (
	loopbackIKE = 15500
	loopbackNAT = 15501
)

// loopback is two daemons in this process. The hosts behind them are the functions below.
type loopback struct {
	west, east *inProcess
	stop       context.CancelFunc
	wg         sync.WaitGroup

	echoes   chan uint16  // sequence numbers of answers
	received atomic.Int64 // octets that arrived behind east
	packets  atomic.Int64
	sent     int64
}

// inProcess is one of the daemons.
type inProcess struct {
	gateway
	end     end
	inner   netip.Addr
	packets daemon.Packets
}

// openLoopback starts both daemons and waits until they are ready.
func openLoopback(ctx context.Context, dir string) (*loopback, error) {
	ctx, stop := context.WithCancel(ctx)
	l := &loopback{stop: stop, echoes: make(chan uint16, 1024)}
	l.west = &inProcess{gateway: gateway{name: "west"}, end: end{"west", ownAddress(1), "10.1.0.0/24"}, inner: netip.MustParseAddr("10.1.0.1")}
	l.east = &inProcess{gateway: gateway{name: "east"}, end: end{"east", ownAddress(2), "10.2.0.0/24"}, inner: netip.MustParseAddr("10.2.0.1")}
	l.west.packets.Deliver, l.east.packets.Deliver = l.arriveWest, l.arriveEast
	for _, pair := range [][2]*inProcess{{l.west, l.east}, {l.east, l.west}} {
		if err := l.start(ctx, dir, pair[0], pair[1].end); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

// ownAddress is a loopback address of this process, told by its number.
func ownAddress(host byte) string {
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, byte(pid >> 8), byte(pid), host}).String()
}

func (l *loopback) gateways() (west, east *gateway) { return &l.west.gateway, &l.east.gateway }

// start runs a daemon in a goroutine.
func (l *loopback) start(ctx context.Context, dir string, p *inProcess, other end) error {
	text := connection(p.end, other, fmt.Sprintf("port = %d", loopbackNAT)) + fmt.Sprintf(`
daemon {
  listen    = [%q]
  port      = %d
  nat_port  = %d
  state_dir = %q
  dataplane {
    backend = "fake"
  }
}
`, p.end.address, loopbackIKE, loopbackNAT, dir+"/"+p.end.name)
	config, socket, err := p.write(dir, text)
	if err != nil {
		return err
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	l.wg.Go(func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: config, Socket: socket, Stderr: io.Discard, Packets: &p.packets, Ready: func() { close(ready) }})
	})
	select {
	case <-ready:
		return nil
	case err := <-ended:
		return fmt.Errorf("gateway %s did not start: %w", p.end.name, err)
	}
}

func (l *loopback) close() {
	l.stop()
	l.wg.Wait()
}

// arriveEast is the host behind east: it answers echo requests and counts datagrams.
func (l *loopback) arriveEast(packet []byte) {
	p := gopacket.NewPacket(packet, layers.LayerTypeIPv4, gopacket.NoCopy)
	if m, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		if reply, err := l.echo(l.east.inner, l.west.inner, layers.ICMPv4TypeEchoReply, m.Seq); err == nil {
			_ = l.east.packets.Inject(reply)
		}
		return
	}
	l.packets.Add(1)
	l.received.Add(int64(len(packet)))
}

// arriveWest is the host behind west: it waits for answers.
func (l *loopback) arriveWest(packet []byte) {
	p := gopacket.NewPacket(packet, layers.LayerTypeIPv4, gopacket.NoCopy)
	if m, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		l.echoes <- m.Seq
	}
}

// echo makes an ICMP message.
func (l *loopback) echo(from, to netip.Addr, kind uint8, seq uint16) ([]byte, error) {
	return serialize(from, to, layers.IPProtocolICMPv4,
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 0), Id: 1, Seq: seq}, gopacket.Payload("under the road"))
}

func serialize(from, to netip.Addr, protocol layers.IPProtocol, inner ...gopacket.SerializableLayer) ([]byte, error) {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append([]gopacket.SerializableLayer{ip}, inner...)...)
	return b.Bytes(), err
}

// ping sends echo requests and waits for each answer.
func (l *loopback) ping(ctx context.Context, n int) ([]time.Duration, error) {
	var times []time.Duration
	for seq := range n {
		request, err := l.echo(l.west.inner, l.east.inner, layers.ICMPv4TypeEchoRequest, uint16(seq))
		if err != nil {
			return nil, err
		}
		begin := time.Now()
		if err := l.west.packets.Inject(request); err != nil {
			return nil, err
		}
		if err := l.answer(ctx, uint16(seq)); err != nil {
			return nil, err
		}
		times = append(times, time.Since(begin))
	}
	return times, nil
}

// answer waits a second for the answer to a request.
func (l *loopback) answer(ctx context.Context, seq uint16) error {
	late := time.After(time.Second)
	for {
		select {
		case got := <-l.echoes:
			if got == seq {
				return nil
			}
		case <-late:
			return errors.New("no answer from 10.2.0.1")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// transfer sends numbered datagrams, at most so many at a time that the loopback sockets hold them.
func (l *loopback) transfer(ctx context.Context, d time.Duration) (int64, string, error) {
	const window = 256
	payload := make([]byte, 1300)
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; {
		if l.sent-l.packets.Load() >= window {
			time.Sleep(50 * time.Microsecond) // paces the sender as acknowledgements would
			continue
		}
		binary.BigEndian.PutUint64(payload, uint64(l.sent))
		udp := &layers.UDP{SrcPort: 7, DstPort: 7}
		ip := &layers.IPv4{Version: 4, SrcIP: l.west.inner.AsSlice(), DstIP: l.east.inner.AsSlice()}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			return 0, "", err
		}
		packet, err := serialize(l.west.inner, l.east.inner, layers.IPProtocolUDP, udp, gopacket.Payload(payload))
		if err != nil {
			return 0, "", err
		}
		if err := l.west.packets.Inject(packet); err != nil {
			return 0, "", err
		}
		l.sent++
	}
	return l.received.Load(), fmt.Sprintf("%d of %d packets arrived", l.packets.Load(), l.sent), nil
}
