package web_test

import (
	"net"
	"net/http"
	"sync"
	"testing"
)

// A door is a listener that can be shut: whoever is inside is put out, and whoever comes is turned away. The port stays its own, so that
// it is there when the door opens again.
type door struct {
	net.Listener

	mu     sync.Mutex
	isShut bool
	inside []net.Conn
}

// Accept is that of net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil || d.admit(c) {
			return c, err
		}
		c.Close()
	}
}

func (d *door) admit(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isShut {
		d.inside = append(d.inside, c)
	}
	return !d.isShut
}

// shut closes the door, or opens it.
func (d *door) shut(shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isShut = shut
	for _, c := range d.inside {
		c.Close()
	}
	d.inside = nil
}

func TestAStageKeepsItsAddressWhileItIsClosed(t *testing.T) {
	s := openStage(t, http.NotFoundHandler())
	ask := func() bool {
		answer, err := http.Get(s.url())
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	}
	for range 3 {
		if !ask() {
			t.Error("an open stage does not answer")
		}
		s.close()
		if ask() {
			t.Error("a closed stage answers")
		}
		if l, err := net.Listen("tcp", s.door.Addr().String()); err == nil {
			l.Close()
			t.Error("somebody else has the address")
		}
		s.open()
	}
}
