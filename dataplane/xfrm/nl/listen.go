package nl

import (
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// eventBuffer is what the socket of a Listener holds, in octets: some thousand events.
const eventBuffer = 4 << 20

// ErrOverflow means that events were lost.
var ErrOverflow = errors.New("xfrm events were lost")

// A Listener receives events of the groups that it has joined. One goroutine receives; Join, Leave and Close may be called
// from others.
type Listener struct{ netlink *netlink.Conn }

// Listen opens a connection for events in the network namespace of the calling thread.
func Listen(groups ...Group) (*Listener, error) {
	c, err := netlink.Dial(xfrmFamily, nil)
	if err != nil {
		return nil, fmt.Errorf("xfrm: %w", err)
	}
	_ = c.SetReadBuffer(eventBuffer) // a smaller one overflows earlier, which is handled
	l := &Listener{c}
	for _, g := range groups {
		if err := l.Join(g); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return l, nil
}

// Join begins to receive a group's events.
func (l *Listener) Join(g Group) error {
	if err := l.netlink.JoinGroup(uint32(g)); err != nil {
		return fmt.Errorf("xfrm: group %d: %w", g, err)
	}
	return nil
}

// Leave ends that.
func (l *Listener) Leave(g Group) error {
	if err := l.netlink.LeaveGroup(uint32(g)); err != nil {
		return fmt.Errorf("xfrm: group %d: %w", g, err)
	}
	return nil
}

// Receive waits for events and gives each to f. ErrOverflow says that some were lost, and that the next call may find more;
// another error that there will be none.
func (l *Listener) Receive(f func(Type, []byte)) error {
	events, err := l.netlink.Receive()
	if errors.Is(err, unix.ENOBUFS) {
		return ErrOverflow
	}
	if err != nil {
		return err
	}
	for _, e := range events {
		f(Type(e.Header.Type), e.Data)
	}
	return nil
}

// Close ends Receive.
func (l *Listener) Close() error { return l.netlink.Close() }
