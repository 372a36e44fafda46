package nl

import (
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// xfrmFamily is NETLINK_XFRM.
const xfrmFamily = 6

// A Conn asks the kernel. It is safe for concurrent use; requests take their turns.
type Conn struct{ netlink *netlink.Conn }

// Dial opens a connection to the kernel's XFRM in the network namespace of the calling thread.
func Dial() (*Conn, error) {
	c, err := netlink.Dial(xfrmFamily, nil)
	if err != nil {
		return nil, fmt.Errorf("xfrm: %w", err)
	}
	_ = c.SetOption(netlink.ExtendedAcknowledge, true) // without it refusals have no words
	return &Conn{c}, nil
}

// Close ends the connection.
func (c *Conn) Close() error { return c.netlink.Close() }

// PID is the port from which it asks, by which the kernel names the one who caused an event.
func (c *Conn) PID() uint32 { return c.netlink.PID() }

// refused makes an error of the kernel's answer, with its words if it has some.
func refused(err error) error {
	var op *netlink.OpError
	if !errors.As(err, &op) {
		return err
	}
	if op.Message != "" {
		return fmt.Errorf("%w (%s)", op.Err, op.Message)
	}
	return op.Err
}

func (c *Conn) execute(t Type, flags netlink.HeaderFlags, body []byte) ([]netlink.Message, error) {
	answers, err := c.netlink.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(t), Flags: netlink.Request | flags}, Data: body,
	})
	if err != nil {
		return nil, refused(err)
	}
	return answers, nil
}

// do carries a request out.
func (c *Conn) do(t Type, flags netlink.HeaderFlags, body []byte) error {
	_, err := c.execute(t, flags|netlink.Acknowledge, body)
	return err
}

// one asks for something that is answered by one message.
func (c *Conn) one(t Type, body []byte) ([]byte, error) {
	answers, err := c.execute(t, 0, body)
	switch {
	case err != nil:
		return nil, err
	case len(answers) == 0:
		return nil, unix.ENOENT
	}
	return answers[0].Data, nil
}

// AddState adds a state; EEXIST tells that its name is taken.
func (c *Conn) AddState(s *State) error {
	b := s.Append(nil)
	defer clear(b) // it has keys
	return c.do(NewSA, netlink.Create|netlink.Excl, b)
}

// UpdateState changes encapsulation and limits of a state.
func (c *Conn) UpdateState(s *State) error {
	b := s.Append(nil)
	defer clear(b)
	return c.do(UpdSA, netlink.Replace, b)
}

// DeleteState removes a state; ESRCH tells that it is not there.
func (c *Conn) DeleteState(id *StateID) error { return c.do(DelSA, 0, id.Append(nil)) }

// State reads a state.
func (c *Conn) State(id *StateID) (*State, error) {
	b, err := c.one(GetSA, id.Append(nil))
	if err != nil {
		return nil, err
	}
	return ParseState(b)
}

// States reads all states of ESP in the network namespace.
func (c *Conn) States() ([]*State, error) {
	answers, err := c.execute(GetSA, netlink.Dump, nil)
	if err != nil {
		return nil, err
	}
	var list []*State
	for _, a := range answers {
		if s, err := ParseState(a.Data); err == nil { // the others are not ours
			list = append(list, s)
		}
	}
	return list, nil
}

// SetPolicy adds a policy or replaces the one with its name.
func (c *Conn) SetPolicy(p *Policy) error {
	return c.do(UpdPolicy, netlink.Create|netlink.Replace, p.Append(nil))
}

// Policy reads a policy.
func (c *Conn) Policy(id *PolicyID) (*Policy, error) {
	b, err := c.one(GetPolicy, id.Append(nil))
	if err != nil {
		return nil, err
	}
	return ParsePolicy(b)
}

// DeletePolicy removes a policy; ENOENT tells that it is not there.
func (c *Conn) DeletePolicy(id *PolicyID) error { return c.do(DelPolicy, 0, id.Append(nil)) }

// Policies reads all policies of the network namespace.
func (c *Conn) Policies() ([]*Policy, error) {
	answers, err := c.execute(GetPolicy, netlink.Dump, nil)
	if err != nil {
		return nil, err
	}
	var list []*Policy
	for _, a := range answers {
		p, err := ParsePolicy(a.Data)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Counters reads what a state has carried and where its sequence numbers stand.
func (c *Conn) Counters(id *StateID) (*AE, error) {
	b, err := c.one(GetAE, (&AE{StateID: *id, Flags: AEReplay | AELifetime}).Append(nil))
	if err != nil {
		return nil, err
	}
	return ParseAE(b)
}

// SetCounters changes counters and events of a state.
func (c *Conn) SetCounters(e *AE) error { return c.do(NewAE, netlink.Replace, e.Append(nil)) }

// StateCount tells how many states the network namespace has, whoever added them.
func (c *Conn) StateCount() (uint32, error) {
	b, err := c.one(GetSADInfo, AppendInfoRequest(nil))
	if err != nil {
		return 0, err
	}
	return ParseSADInfo(b)
}

// PolicyCount tells how many policies the network namespace has, whoever added them.
func (c *Conn) PolicyCount() (Policies, error) {
	b, err := c.one(GetSPDInfo, AppendInfoRequest(nil))
	if err != nil {
		return Policies{}, err
	}
	return ParseSPDInfo(b)
}

// Defaults tells what becomes of packets without a policy.
func (c *Conn) Defaults() (Defaults, error) {
	b, err := c.one(GetDefault, []byte{0, 0, 0})
	if err != nil {
		return Defaults{}, err
	}
	return ParseDefaults(b)
}
