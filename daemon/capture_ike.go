package daemon

import (
	"fmt"
	"slices"
	"time"

	"culvert/capture"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/trace"
	"culvert/wire"
)

// exchange shows a message that came, and those that leave because of an event, with what was protected in them. It is called
// on the shard's goroutine, before the actions are done.
func (c *captures) exchange(ev ike.Event, actions []ike.Action) {
	if m, ok := ev.(ike.MessageReceived); ok {
		c.message(dataplane.Inbound, m.Path, m.Datagram, newsOf(actions, m.Datagram, ike.NewsMessageReceived, ike.NewsDropped))
	}
	for _, a := range actions {
		switch a := a.(type) {
		case ike.Send:
			for _, d := range a.Datagrams {
				c.message(dataplane.Outbound, a.Path, d, newsOf(actions, d, ike.NewsMessageSent, ike.NewsRetransmitted))
			}
		case ike.SendKeepalive:
			c.message(dataplane.Outbound, a.Path, []byte(wire.NATKeepalive), nil)
		}
	}
}

// newsOf finds what is reported about a datagram; nil: nothing.
func newsOf(actions []ike.Action, datagram []byte, kinds ...ike.NewsKind) *ike.News {
	h, err := wire.ParseHeader(datagram)
	for _, a := range actions {
		r, ok := a.(ike.Report)
		if !ok || !slices.Contains(kinds, r.News.Kind) {
			continue
		}
		if t := r.News.Traced; t == nil || err == nil && t.MessageID == h.MessageID && t.Exchange == h.Exchange && t.IsResponse() == h.IsResponse() {
			return &r.News
		}
	}
	return nil
}

// message shows one message of IKE.
func (c *captures) message(d dataplane.Direction, path dataplane.Path, datagram []byte, n *ike.News) {
	_, nat := c.engine.world.listener.Ports()
	p := capture.Packet{Time: time.Now(), Layer: capture.IKE, Direction: d, Data: capture.Envelope(capture.IKE, d, &path, 0, datagram, nat)}
	connection := ""
	if n != nil {
		connection = connectionName(n.Connection)
	}
	p.Comment = ikeComment(connection, d, datagram, n)
	c.give(connection, p)
}

// ikeComment tells about a message of IKE what the engine has made of it.
func ikeComment(connection string, d dataplane.Direction, datagram []byte, n *ike.News) string {
	text := capture.Directed(d) + " "
	if connection != "" {
		text = connection + ": " + text
	}
	switch {
	case string(datagram) == wire.NATKeepalive:
		return text + "NAT keepalive"
	case n == nil:
		return text + capture.HeaderSummary(datagram)
	case n.Kind == ike.NewsDropped:
		return fmt.Sprintf("%s%s; dropped: %v", text, capture.HeaderSummary(datagram), n.Reason)
	case n.Kind == ike.NewsRetransmitted:
		return text + capture.HeaderSummary(datagram) + ", again"
	}
	if n.Peer != "" {
		text += "(peer " + n.Peer + ") "
	}
	text += n.Message
	if n.Traced != nil {
		text += capture.View(trace.Payloads(n.Traced.Payloads, n.Traced.IsResponse()))
	}
	return text
}
