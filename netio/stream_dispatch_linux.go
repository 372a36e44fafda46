package netio

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"culvert/dataplane"
)

// Dial opens a stream from local, or whatever address routing chooses, and sends the prefix. It waits for the peer until ctx
// ends. The stream ends soon unless KeepStream follows.
func (l *Listener) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (dataplane.Path, error) {
	return l.streams.dial(ctx, local, remote)
}

// TCPPorts returns the ports on which streams are accepted, in the order of the configuration and of the addresses.
func (l *Listener) TCPPorts() []uint16 {
	var ports []uint16
	for _, d := range l.streams.doors {
		ports = append(ports, d.bound.Port())
	}
	return ports
}

// KeepStream has a stream live until CloseStream or until it breaks: an IKE SA uses it.
func (l *Listener) KeepStream(path dataplane.Path) {
	t := l.streams
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.byPath[path]; s != nil {
		t.keep(s)
	}
}

// CloseStream ends a stream: with after 0 at once when everything is sent, otherwise if the peer does not within that time.
func (l *Listener) CloseStream(path dataplane.Path, after time.Duration) {
	t := l.streams
	s := t.find(&path)
	if s == nil {
		return
	}
	if after == 0 {
		after = finishTime
		if s.finish() {
			t.flush(s)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byPath[path] == s {
		t.leave(s, time.Now().Add(after))
	}
}

// DoubtStream tells that something came in a stream which no SA could make sense of. When that happens often within a short
// time the framing is lost, and the stream is closed (RFC 9329, Section 6.1).
func (l *Listener) DoubtStream(path dataplane.Path) {
	if s := l.streams.find(&path); s != nil {
		s.doubt(time.Now())
	}
}

// sendIKE sends an IKE message in a stream.
func (t *streams) sendIKE(path dataplane.Path, message []byte) error {
	s := t.find(&path)
	if s == nil {
		t.counters.add(SendClosed, 1)
		return fmt.Errorf("%w: stream %v to %v", ErrNoSocket, path.Local, path.Remote)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.sendIKE(make([]byte, markerLen), message)
	t.want(s)
	t.counters.add(r, 1)
	if r != SentIKE {
		return fmt.Errorf("netio: stream %v to %v: %v", path.Local, path.Remote, r)
	}
	return nil
}

// sendESP sends bursts for streams, in order.
func (t *streams) sendESP(bursts []dataplane.Burst) {
	for i := range bursts {
		s := t.find(&bursts[i].Path)
		if s == nil {
			t.counters.add(SendClosed, bursts[i].Count())
			continue
		}
		s.mu.Lock()
		s.sendESP(bursts[i], t.counters)
		t.want(s)
		s.mu.Unlock()
	}
}
