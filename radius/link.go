package radius

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"culvert/secret"
)

// identifiers is how many requests a link can tell apart (RFC 2865, Section 3).
const identifiers = 256

// errGone is the end of a link whose server closed it or that was closed here.
var errGone = errors.New("the connection ended")

// A link is one socket or TLS connection to a server with the requests that wait for their answers. Identifiers are used in turn,
// so that a late answer rarely meets a new request. It is safe for concurrent use.
type link struct {
	conn   net.Conn
	stream bool // RADIUS/TLS: packets follow one another (RFC 6614, Section 2.1)
	key    secret.Bytes
	done   chan struct{} // closed when nothing more will come

	mu      sync.Mutex
	pending [identifiers]*question
	used    int
	next    byte
	last    bool // close when nothing is pending
}

// A question is a request that waits for its answer.
type question struct {
	request Packet
	wire    []byte
	signed  bool         // the answer must carry a Message-Authenticator
	answer  chan *Packet // has room for one
	doubt   error        // why something that came was not the answer; guarded by the link
}

// lastWord returns the answer if it came before the link ended.
func (q *question) lastWord() (*Packet, error) {
	select {
	case answer := <-q.answer:
		return answer, nil
	default:
		return nil, errGone
	}
}

func newLink(conn net.Conn, stream bool, key secret.Bytes) *link {
	l := &link{conn: conn, stream: stream, key: key, done: make(chan struct{})}
	go l.read()
	return l
}

// ask registers a request and gives it an identifier and an authenticator. There is none when all are in use or the link has ended.
func (l *link) ask(p *Packet) (q *question, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used == identifiers || l.gone() {
		return nil, false, nil
	}
	for l.pending[l.next] != nil {
		l.next++
	}
	q = &question{request: *p, signed: p.Code == AccessRequest, answer: make(chan *Packet, 1)}
	q.request.Identifier = l.next
	if q.wire, err = q.request.encodeRequest(l.key); err != nil {
		return nil, false, err
	}
	l.pending[l.next] = q
	l.used++
	l.next++
	return q, true, nil
}

func (l *link) gone() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// forget frees the identifier of a request, and tells why nothing that came was its answer.
func (l *link) forget(q *question) (doubt error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[q.request.Identifier] = nil
	l.used--
	if l.last && l.used == 0 {
		l.conn.Close()
	}
	return q.doubt
}

// retire closes the link as soon as nothing is pending.
func (l *link) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = true
	if l.used == 0 {
		l.conn.Close()
	}
}

func (l *link) send(q *question) error {
	_, err := l.conn.Write(q.wire)
	return err
}

// maxErrors in a row are more than a datagram socket has that still works.
const maxErrors = 64

// read hands out answers until the link ends. An error of a datagram socket, such as that nobody listens on the other side, is
// no end: the request is tried again, and anybody can forge it.
func (l *link) read() {
	defer close(l.done)
	defer l.conn.Close()
	buf := make([]byte, maxPacket)
	for bad := 0; bad < maxErrors; bad++ {
		b, err := l.packet(buf)
		switch {
		case err == nil:
			bad = 0
			l.deliver(b)
		case l.stream || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe):
			return
		default:
			l.complain(err)
		}
	}
}

// complain notes an error of the network as the reason why those who wait have no answer.
func (l *link) complain(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range l.pending {
		if q != nil && q.doubt == nil {
			q.doubt = err
		}
	}
}

// packet reads one packet. On a stream, one whose length is none ends it, because the next one cannot be found (RFC 6613,
// Section 2.6.4).
func (l *link) packet(buf []byte) ([]byte, error) {
	if !l.stream {
		n, err := l.conn.Read(buf)
		return buf[:n], err
	}
	if _, err := io.ReadFull(l.conn, buf[:4]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(buf[2:]))
	if n < headerSize || n > maxPacket {
		return nil, errMalformed
	}
	_, err := io.ReadFull(l.conn, buf[4:n])
	return buf[:n], err
}

// deliver takes an answer to its request. What does not prove itself is dropped; the true one may still come.
func (l *link) deliver(b []byte) {
	b, err := trim(b)
	if err != nil {
		return
	}
	b = append([]byte(nil), b...) // the packet's values alias it
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.pending[b[1]]
	if q == nil || !Code(b[0]).answers(q.request.Code) {
		return
	}
	if err := checkResponse(b, q.request.Authenticator, l.key, q.signed); err != nil {
		q.doubt = err
		return
	}
	p, err := Parse(b)
	if err != nil {
		q.doubt = err
		return
	}
	select {
	case q.answer <- p:
	default: // a duplicate
	}
}
