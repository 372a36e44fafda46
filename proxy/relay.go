package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// relayBuffer is what one direction of a connection holds.
const relayBuffer = 32 << 10

// A relay joins two connections. When one side ends its half, the other half goes on as long as it is used.
type relay struct {
	halfOpen time.Duration
	ended    atomic.Bool // one half
}

// join copies both ways until both halves have ended, and closes both connections. The end of ctx ends it.
func join(ctx context.Context, a, b net.Conn, halfOpen time.Duration) {
	r := &relay{halfOpen: halfOpen}
	end := func() { _, _ = a.Close(), b.Close() }
	defer end()
	defer context.AfterFunc(ctx, end)()
	var halves sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		halves.Go(func() {
			if err := r.copy(way[1], way[0]); err != nil {
				end()
			}
		})
	}
	halves.Wait()
}

// copy is one half: what src sends goes to dst, and then the end of it.
func (r *relay) copy(dst, src net.Conn) error {
	b := make([]byte, relayBuffer)
	for {
		n, err := src.Read(b)
		if n > 0 {
			r.extend(src, dst)
			if _, err := dst.Write(b[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return r.end(dst, src)
		}
		if err != nil {
			return err
		}
	}
}

// extend gives the last half more time, since it is used.
func (r *relay) extend(conns ...net.Conn) {
	if r.ended.Load() {
		for _, c := range conns {
			_ = c.SetDeadline(time.Now().Add(r.halfOpen))
		}
	}
}

// end passes the end of a half on, and begins to watch the other.
func (r *relay) end(dst, src net.Conn) error {
	r.ended.Store(true)
	r.extend(dst, src)
	return closeWrite(dst)
}
