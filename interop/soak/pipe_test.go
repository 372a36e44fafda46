package soak_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/interop/lab"
)

// A pipe is a TCP connection through the tunnel on which numbers are counted up, as fast as the far end takes them. Small
// buffers keep its window from filling the queues on the way.
type pipe struct {
	name   string
	conn   net.Conn
	stop   atomic.Bool
	octets atomic.Uint64
	done   chan error
}

const pipeBuffer = 64 << 10

// startPipe connects two hosts and begins to send.
func startPipe(t testing.TB, name string, from, to *lab.Host, src, dst netip.AddrPort) *pipe {
	t.Helper()
	listener := to.ListenTCP(dst)
	defer listener.Close()
	p := &pipe{name: name, done: make(chan error, 2)}
	err := from.Inside(func() (err error) {
		dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(src), Timeout: patience, Control: smallBuffers}
		p.conn, err = dialer.Dial("tcp", dst.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = p.conn.Close(), far.Close() })
	go func() { p.done <- p.write() }()
	go func() { p.done <- p.read(far) }()
	return p
}

func smallBuffers(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, pipeBuffer) })
	return errors.Join(err, failed)
}

// write counts until it is stopped, and closes the connection.
func (p *pipe) write() error {
	w := bufio.NewWriterSize(p.conn, 16<<10)
	var word [8]byte
	for n := uint64(0); !p.stop.Load(); n++ {
		binary.BigEndian.PutUint64(word[:], n)
		if _, err := w.Write(word[:]); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), p.conn.Close())
}

// read expects every number.
func (p *pipe) read(far net.Conn) error {
	r := bufio.NewReaderSize(far, 64<<10)
	var word [8]byte
	for n := uint64(0); ; n++ {
		switch _, err := io.ReadFull(r, word[:]); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if got := binary.BigEndian.Uint64(word[:]); got != n {
			return fmt.Errorf("%d came for %d", got, n)
		}
		p.octets.Store(8 * (n + 1))
	}
}

// finish ends the pipe and tells whether everything came.
func (p *pipe) finish() error {
	p.stop.Store(true)
	for range 2 {
		select {
		case err := <-p.done:
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		case <-time.After(patience):
			return fmt.Errorf("%s stands still", p.name)
		}
	}
	return nil
}
