package nflog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// A Log has the kernel show packets as long as it is open. One goroutine receives; Close may be called from another.
type Log struct {
	rules   *netlink.Conn // whose end is that of the rules
	packets *netlink.Conn
	next    uint32 // number of the packet that is expected
	begun   bool
}

// Open begins to log in a network namespace, given by a file of it. port is that of ESP in UDP.
func Open(namespace *os.File, port uint16) (*Log, error) {
	l := new(Log)
	config, err := within(namespace)
	if err != nil {
		return nil, fmt.Errorf("packet log: %w", err)
	}
	if l.packets, err = netlink.Dial(unix.NETLINK_NETFILTER, config); err != nil {
		return nil, fmt.Errorf("packet log: %w", err)
	}
	group, err := l.bind()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("packet log: %w", err), l.packets.Close())
	}
	if l.rules, err = netlink.Dial(unix.NETLINK_NETFILTER, config); err != nil {
		return nil, errors.Join(fmt.Errorf("packet log: %w", err), l.packets.Close())
	}
	if err := commit(l.rules, install(group, port)); err != nil {
		return nil, errors.Join(fmt.Errorf("packet log: rules of nftables: %w", err), l.Close())
	}
	return l, nil
}

// within has sockets be in a network namespace. To say which takes CAP_SYS_ADMIN, so it is said where threads are elsewhere only.
func within(namespace *os.File) (*netlink.Config, error) {
	there, err := namespace.Stat()
	if err != nil {
		return nil, err
	}
	if here, err := os.Stat("/proc/thread-self/ns/net"); err == nil && os.SameFile(here, there) {
		return nil, nil
	}
	return &netlink.Config{NetNS: int(namespace.Fd())}, nil
}

// commit sends a transaction, of which the kernel acknowledges every message but the first and the last.
func commit(c *netlink.Conn, list []netlink.Message) error {
	if _, err := c.SendMessages(list); err != nil {
		return err
	}
	for answers := 0; answers < len(list)-2; {
		got, err := c.Receive()
		if err != nil {
			var op *netlink.OpError
			if errors.As(err, &op) {
				return op.Err
			}
			return err
		}
		answers += len(got)
	}
	return nil
}

// Commands and attributes that configure a group of the log.
const (
	configMessage   = 1
	configCommand   = 1
	configMode      = 2
	configThreshold = 5
	configFlags     = 6
	commandBind     = 1
	copyPacket      = 2
	flagSequence    = 1
)

// Packets are handed over one by one, so that one is in the socket before the kernel goes on with it. What the socket cannot hold
// until it is read is lost.
const (
	threshold    = 1
	socketBuffer = 8 << 20
	maxPacket    = 1<<16 - 1
)

// bind takes a group of the log that nobody has.
func (l *Log) bind() (group uint16, err error) {
	_ = l.packets.SetReadBuffer(socketBuffer) // a smaller one loses more, which is told
	for range 16 {
		group = uint16(1024 + rand.IntN(60000))
		if err = l.configure(group, func(a *attributes) { a.add(configCommand, []byte{commandBind}) }); err == nil || !errors.Is(err, unix.EBUSY) {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	return group, l.configure(group, func(a *attributes) {
		a.add(configMode, append(binary.BigEndian.AppendUint32(nil, maxPacket), copyPacket, 0))
		a.u32(configThreshold, threshold)
		a.u16(configFlags, flagSequence)
	})
}

func (l *Log) configure(group uint16, fill func(*attributes)) error {
	var a attributes
	fill(&a)
	_, err := l.packets.Execute(message(subsystemLog|configMessage, unix.NLM_F_ACK, unix.AF_UNSPEC, group, a))
	return err
}

// Receive waits until a time for packets, zero for ever, and gives each to f, which owns it. os.ErrDeadlineExceeded says that
// none came; another error that none will.
func (l *Log) Receive(until time.Time, f func(Packet)) error {
	if err := l.packets.SetReadDeadline(until); err != nil {
		return err
	}
	messages, err := l.packets.Receive()
	switch {
	case errors.Is(err, unix.ENOBUFS): // the next packet's number tells how many
		return nil
	case err != nil:
		return err
	}
	for i := range messages {
		if messages[i].Header.Type != subsystemLog {
			continue
		}
		if p, sequence, err := parsePacket(messages[i].Data); err == nil {
			p.Lost = l.missing(sequence)
			f(p)
		}
	}
	return nil
}

// missing tells how many packets were lost before one.
func (l *Log) missing(sequence uint32) uint32 {
	gap := sequence - l.next
	if !l.begun {
		gap = 0
	}
	l.begun, l.next = true, sequence+1
	return gap
}

// Close ends the rules, and Receive.
func (l *Log) Close() error {
	err := l.packets.Close()
	if l.rules != nil {
		err = errors.Join(err, l.rules.Close())
	}
	return err
}
