package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"culvert/dataplane"
	"culvert/netio"
	"culvert/wire"
)

// Why there is no answer.
var (
	errSilence = errors.New("no answer")
	errLimit   = errors.New("the limit of datagrams is reached")
)

// A line carries questions to a peer and answers back. It is for one goroutine.
type line struct {
	config   Config
	listener *netio.Listener
	sent     int
	last     time.Time

	mu      sync.Mutex
	waiting map[wire.SPI]chan []byte
}

// openLine opens sockets with ports of the kernel's choice.
func openLine(c Config) (*line, error) {
	l, err := netio.Listen(netio.Config{Buffer: 1 << 16})
	if err != nil {
		return nil, err
	}
	line := &line{config: c, listener: l, waiting: map[wire.SPI]chan []byte{}}
	l.Start(netio.Handlers{IKE: line.received})
	return line, nil
}

func (l *line) close() error { return l.listener.Close() }

// received hands an answer to whoever waits for it.
func (l *line) received(_ dataplane.Path, message []byte) {
	h, err := wire.ParseHeader(message)
	if err != nil || !h.IsResponse() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.waiting[h.InitiatorSPI] <- bytes.Clone(message):
	default: // nobody waits, or one answer is there
	}
}

// An echo is an answer with the time that it took.
type echo struct {
	message *wire.Message
	rtt     time.Duration
}

// ask sends a question until there is an answer.
func (l *line) ask(ctx context.Context, p dataplane.Path, q *question, whole bool) (echo, error) {
	answers := make(chan []byte, 1)
	l.expect(q.spi, answers)
	defer l.expect(q.spi, nil)
	for range max(1, l.config.Tries) {
		begun, err := l.send(ctx, p, q.encode(), whole)
		if err != nil {
			return echo{}, err
		}
		select {
		case b := <-answers:
			m, err := wire.Parse(b)
			if err != nil {
				return echo{}, fmt.Errorf("an answer that makes no sense: %w", err)
			}
			return echo{m, time.Since(begun)}, nil
		case <-ctx.Done():
			return echo{}, context.Cause(ctx)
		case <-time.After(l.config.Timeout):
		}
	}
	return echo{}, errSilence
}

func (l *line) expect(spi wire.SPI, answers chan []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answers == nil {
		delete(l.waiting, spi)
		return
	}
	l.waiting[spi] = answers
}

// send sends a datagram when its time has come.
func (l *line) send(ctx context.Context, p dataplane.Path, datagram []byte, whole bool) (time.Time, error) {
	if l.sent == l.config.Limit {
		return time.Time{}, errLimit
	}
	select {
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	case <-time.After(time.Until(l.last.Add(l.config.Interval))):
	}
	l.sent++
	l.last = time.Now()
	if whole {
		return l.last, l.listener.SendIKEAs(p, datagram, netio.Manner{Whole: true})
	}
	return l.last, l.listener.SendIKE(p, datagram)
}

// path is the way to a UDP port of the peer. Only port 500 has IKE without a marker.
func (l *line) path(port uint16) (dataplane.Path, error) {
	local, err := l.listener.Source(l.config.Peer)
	if err != nil {
		return dataplane.Path{}, err
	}
	ours, nat := l.listener.Ports()
	if port != wire.PortIKE {
		ours = nat
	}
	return dataplane.Path{Local: netip.AddrPortFrom(local, ours), Remote: netip.AddrPortFrom(l.config.Peer, port), Transport: dataplane.TransportUDP}, nil
}

// stream opens a stream to a TCP port of the peer.
func (l *line) stream(ctx context.Context, port uint16) (dataplane.Path, error) {
	ctx, cancel := context.WithTimeout(ctx, l.config.Timeout)
	defer cancel()
	p, err := l.listener.Dial(ctx, netip.Addr{}, netip.AddrPortFrom(l.config.Peer, port))
	if err == nil {
		l.listener.KeepStream(p)
	}
	return p, err
}
