package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A line goes to the kernel's routing (rtnetlink(7)), for requests that come in numbers: several go in one system call. It is not
// safe for concurrent use.
type line struct {
	file     *os.File
	sequence uint32
	answer   []byte
}

// openLine opens a line in the network namespace of the calling thread.
func openLine() (*line, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	l := &line{file: os.NewFile(uintptr(fd), "rtnetlink"), answer: make([]byte, 4096)} // an answer quotes the request
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	patience := &unix.Timeval{Sec: 10} // an answer is there as soon as a request was sent, if there is memory for it
	if err := errors.Join(unix.Connect(fd, kernel), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, patience)); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *line) close() error { return l.file.Close() }

// ask has the kernel carry out requests in their order, and returns what it has against each. It goes on after one that it refuses.
func (l *line) ask(requests ...*nl.NetlinkRequest) (refusals []error, err error) {
	first := l.sequence + 1
	var all []byte
	for _, r := range requests {
		l.sequence++
		r.Flags, r.Seq = r.Flags|unix.NLM_F_ACK, l.sequence
		all = append(all, r.Serialize()...)
	}
	if _, err := l.file.Write(all); err != nil {
		return nil, err
	}
	refusals = make([]error, len(requests))
	for answered := 0; answered < len(requests); {
		sequence, refusal, err := l.hear()
		if err != nil {
			return nil, err
		}
		if i := sequence - first; i < uint32(len(requests)) { // others are of requests that failed
			refusals[i] = refusal
			answered++
		}
	}
	return refusals, nil
}

// one asks for one thing.
func (l *line) one(request *nl.NetlinkRequest) error {
	refusals, err := l.ask(request)
	if err != nil {
		return err
	}
	return refusals[0]
}

// hear reads the answer to a request.
func (l *line) hear() (sequence uint32, refusal, err error) {
	n, err := l.file.Read(l.answer)
	if err != nil {
		return 0, nil, err
	}
	const status = unix.SizeofNlMsghdr // of struct nlmsgerr
	b, native := l.answer[:n], binary.NativeEndian
	if len(b) < status+4 || native.Uint16(b[4:]) != unix.NLMSG_ERROR {
		return 0, nil, fmt.Errorf("%d octets that are no answer", n)
	}
	if errno := -int32(native.Uint32(b[status:])); errno != 0 {
		refusal = unix.Errno(errno)
	}
	return native.Uint32(b[8:]), refusal, nil
}
